"""The practice school from outside: start it in a process of its own, switch its faults, read its counters."""

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
# Shutting a door waits a second for open pages; nothing else that the control does takes time.
CONTROL_S = 10.0


class PracticeSchoolError(FirstBellError):
    """The practice school does not start or does not answer; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolInfo:
    """Where everything is, and the accounts, by name ("teacher", "student", ...).

    `ca` is the authority's certificate (PEM) where there is TLS, `controls` are pages of hosts that the district has
    nothing to do with, `outside` is the proxy through which another location comes, `names` the name server's address.
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
    """A running practice school. Closing one that was attached to leaves it running."""

    def __init__(self, introduction: SchoolInfo, process: subprocess.Popen[str] | None = None) -> None:
        self.introduction = introduction
        self._process = process

    @classmethod
    def start(cls, *, tls: bool = False, domain: str = LOCALHOST, names: str = NAME_SERVER, clock: str = "") -> Self:
        """Start one on free ports. With a `domain` of its own, which takes TLS, it answers for its names on port 53 of
        the loopback address `names`. `clock`, such as "+600s", has it live at another time, and its neighbours with it:
        to them, this machine's clock is wrong. Raises PracticeSchoolError."""
        asked = ["--domain", domain, "--names", names, *(["--tls"] if tls else [])]
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "firstbell.journeys.practice", *asked],
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
        told = json.loads(line)
        if "error" in told:
            process.communicate()
            raise PracticeSchoolError(f"the practice school did not open: {told['error']}")
        return cls(_introduction(told), process)

    @classmethod
    def attach(cls, control: str, token: str) -> Self:
        """Speak to one that runs elsewhere on this machine. Raises PracticeSchoolError."""
        return cls(_introduction(_ask("GET", control + "/", token)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    def break_(self, fault: str) -> None:
        """Switch a fault on. Raises PracticeSchoolError for one that does not exist, or cannot happen here."""
        self._say("PUT", f"/faults/{fault}")

    def heal(self, fault: str) -> None:
        """Switch a fault off."""
        self._say("DELETE", f"/faults/{fault}")

    def heal_all(self) -> None:
        """Switch all faults off."""
        self._say("DELETE", "/faults")

    def faults(self) -> tuple[str, ...]:
        """The names of the faults that are on."""
        return tuple(self._say("GET", "/faults")["on"])

    def counters(self) -> dict[str, Any]:
        """What the school itself has counted: sign-ins, joins, the most people at once, signals, chat lines, frames."""
        return self._say("GET", "/counters")

    def count_peak_anew(self) -> None:
        """Have it forget the most people who were in a live class at once. Raises PracticeSchoolError."""
        self._say("DELETE", "/counters/peak")

    def close(self) -> None:
        """End it, if it was started here."""
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

    def _say(self, method: str, path: str) -> dict[str, Any]:
        return _ask(method, self.introduction.control + path, self.introduction.token)


def _environment_at(clock: str) -> dict[str, str]:
    if not clock:
        return {}
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise PracticeSchoolError("another clock takes libfaketime; install it (Debian: apt install libfaketime)")
    return {"LD_PRELOAD": str(library), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def _ask(method: str, url: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = urllib3.request(method, url, headers=headers, timeout=CONTROL_S, retries=False)
    except urllib3.exceptions.HTTPError:
        raise PracticeSchoolError("the practice school does not answer; start one with: firstbell practice") from None
    told: dict[str, Any] = answer.json()
    if answer.status != 200:
        raise PracticeSchoolError(str(told.get("error", f"the practice school answered {answer.status}")))
    return told


def _introduction(told: dict[str, Any]) -> SchoolInfo:
    accounts = {key: Person(**person) for key, person in told["accounts"].items()}
    return SchoolInfo(**{**told, "accounts": accounts, "controls": tuple(told["controls"])})


def _first_line(process: subprocess.Popen[str]) -> str:
    """The first line a process says, or nothing when it dies or takes too long."""
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    stdout = process.stdout
    assert stdout is not None  # noqa: S101  # a pipe was asked for
    threading.Thread(target=lambda: said.put(stdout.readline()), daemon=True).start()
    try:
        return said.get(timeout=START_S)
    except queue.Empty:
        return ""
