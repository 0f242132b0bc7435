"""Measures this machine: processor time stolen or lost, disk, memory, and whether its name server answers."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from firstbell.runner.diagnosis.facts import ProbeProblem
from firstbell.runner.execution.run import Attempt
from firstbell.runner.execution.runs.probe_health import MachineState, probe_problem
from firstbell.runner.execution.runs.processor_time import shares_between
from firstbell.time_limit import TimeLimitPassed, within

MIB = 1 << 20
TICK_S = 0.02
# On a busy machine a sleeping thread wakes up to this late; any more is lost time.
USUAL_DELAY_S = 0.02
RESOLVER_S = 6.0
PAGE_PROCESS = "--type=renderer"
# A younger page has spent most of its life on its own start.
PAGE_AGE_S = 2.0


class LagMeter:
    """Measures, from inside a process, the share of time in which it was not run. Costs 50 wake-ups a second."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._lost_s = self._elapsed_s = 0.0
        self._thread = threading.Thread(target=self._measure, name="lag-meter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def lost_share(self) -> float:
        """The lost share of the time so far; 0 at the start."""
        return self._lost_s / self._elapsed_s if self._elapsed_s else 0.0

    def _measure(self) -> None:
        while True:
            began = time.monotonic()
            if self._stop.wait(TICK_S):
                return
            took = time.monotonic() - began
            self._elapsed_s += took
            self._lost_s += max(0.0, took - TICK_S - USUAL_DELAY_S)


def page_wait_share() -> float:
    """The largest share of its life in which a page of this process's browsers was ready to run and was not run.

    A page needs far more of the processor than the sleeping thread of LagMeter, which the kernel prefers. From the
    second number of /proc/PID/schedstat (nanoseconds on a run queue); 0 where the kernel keeps none.
    """
    shares = [0.0]
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error, OSError, ValueError):
            age_s = time.time() - process.create_time()
            if age_s >= PAGE_AGE_S and PAGE_PROCESS in process.cmdline():
                waited_ns = int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1])
                shares.append(min(1.0, waited_ns / 1e9 / age_s))
    return max(shares)


class MachineMeter:
    """Measures this machine during one attempt, from outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = psutil.cpu_times()

    def probe_problem(self, attempt: Attempt) -> ProbeProblem | None:
        """Returns why a failure may be this machine's own; None if it is not, or if there is none."""
        return probe_problem(attempt.ending, self.read(attempt)) if attempt.ending is not None else None

    def read(self, attempt: Attempt) -> MachineState:
        """Returns the machine's state since the meter was made. Asks the resolver only if a name did not resolve."""
        unresolved = attempt.ending.unresolved if attempt.ending else ""
        return MachineState(
            lost_share=attempt.lost_share,
            stolen_share=shares_between(self._before, psutil.cpu_times()).stolen,
            disk_free_mib=shutil.disk_usage(self._folder).free / MIB,
            memory_free_mib=psutil.virtual_memory().available / MIB,
            resolver_answers=not unresolved or resolver_answers(unresolved),
        )


def resolver_answers(host: str) -> bool:
    """True if the system's resolver gives any answer about a host, in time."""
    try:
        return within(RESOLVER_S, lambda: _is_answered(host.partition(":")[0]), name="resolver")
    except TimeLimitPassed:
        return False


def _is_answered(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno not in {socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM}
    except (OSError, ValueError):
        return False
    return True
