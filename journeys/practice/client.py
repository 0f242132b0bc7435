"""Client of the practice school: starts it as a child process, switches its faults, reads its counters."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import urllib3

from firstbell.errors import FirstBellError
from firstbell.journeys.practice.options import LOCALHOST, NAME_SERVER
from firstbell.journeys.practice.seed_data import Person

START_S = 30.0
STOP_S = 5.0
# Closing a server waits a second for open pages; nothing else that the control API does takes time.
CONTROL_S = 10.0


class PracticeSchoolError(FirstBellError):
    """The practice school does not start or does not answer. The message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolInfo:
    """Addresses and accounts of a running practice school; accounts by name ("teacher", "student", ...).

    `ca` is the authority's certificate (PEM) where there is TLS, `controls` are pages of hosts outside the district,
    `outside` is the proxy through which another location reaches it, `names` the name server's address.
    """

    control: str
    token: str = field(repr=False)
    origins: Mapping[str, str]
    accounts: Mapping[str, Person]
    class_title: str
    meeting_code: str = field(repr=False)
    ca: str = ""
    controls: tuple[str, ...] = ()
    outside: str = ""
    relay: str = ""
    names: str = ""


class PracticeSchool:
    """A running practice school. Closing an attached one leaves it running."""

    def __init__(self, introduction: SchoolInfo, process: subprocess.Popen[str] | None = None) -> None:
        self.introduction = introduction
        self._process = process

    @classmethod
    def start(cls, *, tls: bool = False, domain: str = LOCALHOST, names: str = NAME_SERVER, clock: str = "") -> Self:
        """Starts a practice school on free ports. With its own `domain`, which needs TLS, it answers for its names on
        port 53 of the loopback address `names`. `clock`, such as "+600s", shifts the clock of the school and of its
        control hosts, so that this machine's clock appears wrong. Raises PracticeSchoolError."""
        arguments = ["--domain", domain, "--names", names, *(["--tls"] if tls else [])]
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "firstbell.journeys.practice", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | _environment_at(clock),
        )
        line = _first_line(process)
        if not line:
            process.kill()
            process.wait()
            raise PracticeSchoolError(
                "the practice school did not open; run `python -m firstbell.journeys.practice` to see why"
            )
        answer = json.loads(line)
        if "error" in answer:
            process.communicate()
            raise PracticeSchoolError(f"the practice school did not open: {answer['error']}")
        return cls(_introduction(answer), process)

    @classmethod
    def attach(cls, control: str, token: str) -> Self:
        """Connects to a practice school that already runs on this machine. Raises PracticeSchoolError."""
        return cls(_introduction(_call("GET", control + "/", token)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    def break_(self, fault: str) -> None:
        """Switches a fault on. Raises PracticeSchoolError if it does not exist or cannot happen here."""
        self._request("PUT", f"/faults/{fault}")

    def heal(self, fault: str) -> None:
        """Switches a fault off."""
        self._request("DELETE", f"/faults/{fault}")

    def heal_all(self) -> None:
        """Switches all faults off."""
        self._request("DELETE", "/faults")

    def faults(self) -> tuple[str, ...]:
        """Returns the names of the faults that are on."""
        return tuple(self._request("GET", "/faults")["on"])

    def counters(self) -> dict[str, Any]:
        """Returns the school's own counts: sign-ins, joins, most people at once, signals, chat lines, frames."""
        return self._request("GET", "/counters")

    def reset_peak(self) -> None:
        """Resets the count of the most people in a live class at once. Raises PracticeSchoolError."""
        self._request("DELETE", "/counters/peak")

    def close(self) -> None:
        """Stops the school, if it was started here."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None

    def _request(self, method: str, path: str) -> dict[str, Any]:
        return _call(method, self.introduction.control + path, self.introduction.token)


def _environment_at(clock: str) -> dict[str, str]:
    if not clock:
        return {}
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise PracticeSchoolError("a shifted clock needs libfaketime; install it (Debian: apt install libfaketime)")
    return {"LD_PRELOAD": str(library), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def _call(method: str, url: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        response = urllib3.request(method, url, headers=headers, timeout=CONTROL_S, retries=False)
    except urllib3.exceptions.HTTPError:
        raise PracticeSchoolError("the practice school does not answer; start one with: firstbell practice") from None
    answer: dict[str, Any] = response.json()
    if response.status != 200:
        raise PracticeSchoolError(str(answer.get("error", f"the practice school answered {response.status}")))
    return answer


def _introduction(answer: dict[str, Any]) -> SchoolInfo:
    accounts = {key: Person(**person) for key, person in answer["accounts"].items()}
    return SchoolInfo(**{**answer, "accounts": accounts, "controls": tuple(answer["controls"])})


def _first_line(process: subprocess.Popen[str]) -> str:
    """Returns the first line of a process, or "" if it exits first or takes longer than START_S."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    stdout = process.stdout
    assert stdout is not None  # noqa: S101  # a pipe was asked for
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        return lines.get(timeout=START_S)
    except queue.Empty:
        return ""
