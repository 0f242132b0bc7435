"""Checks every host once a minute and records the result, so that a failure can be compared with earlier checks.

No run waits for a check: it has a thread of the clock, ends within its limit whatever the network does, and is left out
if the last one still runs (`JobClock`: one at a time, and late calls become one).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.probes.prober import probe
from firstbell.runner.diagnosis.targets import Egress, Target
from firstbell.runner.history.runs.host_checks import HostCheckHistory

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheckJob:
    """The hosts of one check, the network path to them, and the longest time for all."""

    targets: list[Target]
    egress: Egress
    within_s: float


class PeriodicHostChecks:
    """The checks from one location. `next_job` is called for each check, because configurations change."""

    def __init__(self, history: HostCheckHistory, location: str, next_job: Callable[[], HostCheckJob]) -> None:
        self._history = history
        self._location = location
        self._next_job = next_job
        self._results: dict[str, str] = {}
        self._stopped = threading.Event()

    def run_once(self) -> None:
        """Checks all hosts once. Raises HistoryError if history is unavailable; then these results are lost, and the
        next check is near."""
        job = self._next_job()
        checks = probe(job.targets, job.egress, job.within_s)
        if self._stopped.is_set():
            return
        for check in checks:
            self._log_change(check)
        self._history.record(checks, self._location)

    def stop(self) -> None:
        """Records nothing from now on: while First Bell stops, its practice school does too, and its hosts fail."""
        self._stopped.set()

    def _log_change(self, check: HostCheck) -> None:
        before = self._results.get(check.host)
        self._results[check.host] = check.verdict
        if before is not None and before != check.verdict:
            log.info("host.changed", host=check.host, was=before, now=check.verdict, ends_at=check.ends_at)
