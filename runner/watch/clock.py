"""The clock of the service: APScheduler rings, and nothing is decided here.

APScheduler keeps no truth: its jobs live in memory and are made anew with each clock. Its thread can die while it says
that it runs (3.11, `_process_jobs`: only `get_due_jobs` is guarded), so every ring is noted, and whoever supervises
the clock makes a new one when it falls silent.
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

# The slowest bell rings every few seconds; a thread that has not rung one for this long is dead or stuck.
SILENT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJob:
    """Something to do every so often. What it raises is told, and it is rung again all the same."""

    name: str
    every_s: float
    ring: Callable[[], object]


class JobClock:
    """Rings bells, each in turn with itself. Not started until `start`."""

    def __init__(self, bells: list[PeriodicJob]) -> None:
        self._bells = bells
        self._scheduler = self._made()
        self._rang = time.monotonic()
        self._troubled: set[str] = set()

    def start(self) -> None:
        """Begin to ring, at once and then every so often."""
        self._rang = time.monotonic()
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more. Does not wait for what a bell has begun."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def silent_s(self) -> float:
        """How long no bell has rung, in seconds."""
        return time.monotonic() - self._rang

    def mend(self) -> bool:
        """Start a new clock where this one has fallen silent; whether it had."""
        if self.silent_s < SILENT_S:
            return False
        log.error("clock.silent", seconds=round(self.silent_s))
        self.stop()
        self._scheduler = self._made()
        self.start()
        return True

    def _made(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            timezone="UTC",
            daemon=True,
            executors={"default": ThreadPoolExecutor(len(self._bells))},
            # A late ring is still a ring: what is due is decided from the database, not from when the clock rang.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for bell in self._bells:
            now = datetime.now(UTC)
            scheduler.add_job(
                self._ring, "interval", seconds=bell.every_s, next_run_time=now, args=[bell], id=bell.name
            )
        return scheduler

    def _ring(self, bell: PeriodicJob) -> None:
        try:
            bell.ring()
        except Exception as error:
            # Whatever a bell raises, the next one rings; said once, and again when it is over.
            if bell.name not in self._troubled:
                self._troubled.add(bell.name)
                log.exception("clock.bell_failed", bell=bell.name, said=str(error))
        else:
            if bell.name in self._troubled:
                self._troubled.discard(bell.name)
                log.warning("clock.bell_well_again", bell=bell.name)
        finally:
            self._rang = time.monotonic()
