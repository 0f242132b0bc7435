"""Runs the jobs of the service at intervals with APScheduler. It decides nothing.

APScheduler keeps no state that matters: its jobs are in memory, and each clock creates them anew. Its thread can die
while it reports that it runs (3.11, `_process_jobs`: only `get_due_jobs` is guarded), so the time of each job is noted,
and the supervisor of the clock restarts it when it falls silent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger()

# Some job runs every few seconds; a thread that has run none for this long is dead or stuck.
SILENT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJob:
    """A function to call at an interval. An exception is logged, and the next call comes all the same."""

    name: str
    every_s: float
    run_once: Callable[[], object]


class JobClock:
    """Runs jobs, never two calls of one job at once. Not started until `start`."""

    def __init__(self, jobs: list[PeriodicJob]) -> None:
        self._jobs = jobs
        self._scheduler = self._new_scheduler()
        self._last_ran = time.monotonic()
        self._failing: set[str] = set()

    def start(self) -> None:
        """Runs each job at once, and then at its interval."""
        self._last_ran = time.monotonic()
        self._scheduler.start()

    def stop(self) -> None:
        """Starts no more jobs. Does not wait for jobs that run."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def silent_s(self) -> float:
        """The time since a job last ran, in seconds."""
        return time.monotonic() - self._last_ran

    def restart_if_silent(self) -> bool:
        """Starts a new scheduler if this one has fallen silent; true if it had."""
        if self.silent_s < SILENT_S:
            return False
        log.error("clock.silent", seconds=round(self.silent_s))
        self.stop()
        self._scheduler = self._new_scheduler()
        self.start()
        return True

    def _new_scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            timezone="UTC",
            daemon=True,
            executors={"default": ThreadPoolExecutor(len(self._jobs))},
            # A late call still counts: due slots are read from the database, not from the time of the call.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for job in self._jobs:
            now = datetime.now(UTC)
            scheduler.add_job(self._run, "interval", seconds=job.every_s, next_run_time=now, args=[job], id=job.name)
        return scheduler

    def _run(self, job: PeriodicJob) -> None:
        try:
            job.run_once()
        except Exception as error:
            # The next call comes whatever this one raises. Logged once, and again when it recovers.
            if job.name not in self._failing:
                self._failing.add(job.name)
                log.exception("clock.job_failed", job=job.name, error=str(error))
        else:
            if job.name in self._failing:
                self._failing.discard(job.name)
                log.warning("clock.job_recovered", job=job.name)
        finally:
            self._last_ran = time.monotonic()
