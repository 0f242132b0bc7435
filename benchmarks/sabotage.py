"""What breaks a probe itself, made by real means: for the rows of the fault catalogue that are nobody's but ours."""

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
        """Nothing."""

    def heard(self, message: FromWorker) -> None:
        """As soon as the second step begins, kill."""
        if isinstance(message, StepBegan) and message.step.position == 2:
            for process in psutil.Process(self._pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if "--type=renderer" in process.cmdline():
                        process.kill()

    def ended(self, performed: RunResult) -> None:
        """Nothing."""


@contextmanager
def starving(pid: int) -> Iterator[None]:
    """Give a worker and all below it a thirtieth of the time, as a badly overbooked host does."""
    fed = threading.Event()

    def starve() -> None:
        while not fed.is_set():
            for deed, rest_s in (("suspend", 0.87), ("resume", 0.03)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
                        with contextlib.suppress(psutil.NoSuchProcess):
                            getattr(process, deed)()
                fed.wait(rest_s)

    thread = threading.Thread(target=starve)
    thread.start()
    try:
        yield
    finally:
        fed.set()
        thread.join()


def with_own_hosts_file() -> None:
    """Start this program anew where names are asked of the practice school's name server: in a mount namespace with
    another /etc/resolv.conf. Does nothing where it is there already, and says so where it cannot be had."""
    if os.environ.get(IN_A_NAMESPACE):
        return
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        print("no mount namespace can be had (run this as root): faults of names are left out", file=sys.stderr)
        return
    resolv = Path("/tmp/firstbell-benchmark-resolv.conf")  # noqa: S108  # read in the namespace by nobody else
    resolv.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
    command = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    again = [sys.executable, "-m", "benchmarks.diagnosis", *sys.argv[1:]]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command, "sh", *again], env={**os.environ, IN_A_NAMESPACE: "1"}, check=False
    )
    raise SystemExit(done.returncode)
