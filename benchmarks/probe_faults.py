"""Injects the faults of the probe itself by real means: browser crash, starved machine, own DNS resolver."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil

from firstbell.journeys.practice.options import NAME_SERVER
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker, StepBegan

IN_A_NAMESPACE = "FIRSTBELL_BENCHMARK_NAMES"


class Crasher:
    """A reporter that kills the browser's pages in the middle of a step."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Does nothing."""

    def heard(self, message: FromWorker) -> None:
        """Kills the browser's pages when the second step begins."""
        if isinstance(message, StepBegan) and message.step.position == 2:
            for process in psutil.Process(self._pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if "--type=renderer" in process.cmdline():
                        process.kill()

    def ended(self, performed: RunResult) -> None:
        """Does nothing."""


@contextmanager
def starving(pid: int) -> Iterator[None]:
    """Suspends a worker and its descendants for most of the time, as on a badly overbooked host."""
    over = threading.Event()

    def starve() -> None:
        while not over.is_set():
            for action, pause_s in (("suspend", 0.87), ("resume", 0.03)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
                        with contextlib.suppress(psutil.NoSuchProcess):
                            getattr(process, action)()
                over.wait(pause_s)

    thread = threading.Thread(target=starve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def restart_with_own_resolver() -> None:
    """Restarts this program in a mount namespace whose /etc/resolv.conf names the practice school's name server. Does
    nothing inside that namespace; prints a message if there can be none."""
    if os.environ.get(IN_A_NAMESPACE):
        return
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        print("no mount namespace (run this as root): DNS faults are left out", file=sys.stderr)
        return
    resolv = Path("/tmp/firstbell-benchmark-resolv.conf")  # noqa: S108  # only read in the namespace
    resolv.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
    command = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    program = [sys.executable, "-m", "benchmarks.diagnosis", *sys.argv[1:]]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command, "sh", *program], env={**os.environ, IN_A_NAMESPACE: "1"}, check=False
    )
    raise SystemExit(done.returncode)
