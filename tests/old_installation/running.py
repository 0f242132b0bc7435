"""Runs the command line beside an installation: the practice school, the environment it needs, and a fixed time.

Only commands, files and addresses that a district knows are used, so that it works with every version.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import urllib3

COMMAND = Path(sysconfig.get_path("scripts")) / "firstbell"
# The command as installed, in a process whose clock starts at a given moment.
AT = """\
import runpy, sys, time_machine
sys.argv = sys.argv[2:]
with time_machine.travel({moment!r}, tick=True):
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
WITHIN_S = 480.0
SERVICES = ("edge", "sign-in", "platform", "live-class", "plan-b")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A district's folder, and the environment in which its commands run."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def command(self, *arguments: str, at: datetime | None = None) -> subprocess.CompletedProcess[str]:
        """Runs `firstbell`; `at` sets the clock of its process."""
        before = [] if at is None else ["-c", AT.format(moment=at.isoformat()), "-"]
        return subprocess.run(
            [sys.executable, *before, str(COMMAND), *arguments],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "300", **self.environment},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def json(self, *arguments: str, at: datetime | None = None) -> Any:
        """The JSON that a command prints. Fails with its output where it prints none."""
        done = self.command(*arguments, at=at)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"firstbell {' '.join(arguments)}: {done.stdout}{done.stderr}") from None

    @contextmanager
    def watching(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """`firstbell watch` in the background; told to stop at the end. Its log is left in watch.log."""
        with (self.folder / "watch.log").open("ab") as log:
            service = subprocess.Popen(
                [sys.executable, str(COMMAND), "watch", *arguments],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        try:
            yield service
        finally:
            service.terminate()
            try:
                service.wait(60)
            except subprocess.TimeoutExpired:
                service.kill()
                service.wait()
        assert service.returncode == 0, f"firstbell watch ended with {service.returncode}; see {self.folder}/watch.log"


def until(holds: Callable[[], Any], what: str, within_s: float = WITHIN_S) -> Any:
    """The first true value of `holds`; the state of another process can only be polled."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        pause.wait(0.5)
    return found


@contextmanager
def practice_school(folder: Path) -> Iterator[dict[str, Any]]:
    """The practice school of `firstbell practice`, as it introduces itself on its control address."""
    folder.mkdir()
    process = subprocess.Popen([sys.executable, str(COMMAND), "practice"], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        note = folder / ".firstbell" / "practice.json"
        told = json.loads(until(lambda: note.exists() and note.read_text(), "the practice school opens", 60))
        bearer = {"Authorization": f"Bearer {told['token']}"}
        answer = urllib3.request("GET", f"{told['control']}/", headers=bearer, timeout=10.0)
        introduced: dict[str, Any] = answer.json()
        yield introduced
    finally:
        process.terminate()
        process.wait(30)


def environment_of(school: Mapping[str, Any], hook: str) -> dict[str, str]:
    """The secrets that the configuration refers to."""
    people = school["accounts"]
    return {
        "BAYFRONT_TEACHER": people["teacher"]["password"],
        "BAYFRONT_STUDENT": people["student"]["password"],
        "BAYFRONT_STUDENT_CODE": people["student"]["totp_key"],
        "BAYFRONT_STUDENT_HIGH": people["student2"]["password"],
        "BAYFRONT_MEETING": school["meeting_code"],
        "BAYFRONT_PORTAL": school["origins"]["edge"],
        "BAYFRONT_MAIL": "a mail password of nobody",
        "BAYFRONT_SLACK": hook,
        "BAYFRONT_HOOK": hook,
        "BAYFRONT_HOOK_KEY": "a key of nobody",
    }


def at_school(config: str, school: Mapping[str, Any], history: str = "") -> str:
    """The configuration with today's ports of the practice school, and today's address of the database."""
    places = [school["origins"][name] for name in SERVICES] + [*school["controls"], school["relay"]]
    for place in places:
        stem = re.escape(place.rpartition(":")[0])
        config = re.sub(rf"{stem}:\d+", place, config)
    return re.sub(r'(?m)^url = "postgresql.*"$', f'url = "{history}"', config)
