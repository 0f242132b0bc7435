"""A worker that replaces itself: started when needed, probed after idling, recycled at its limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from firstbell.artifacts.policy import RecordingOptions
from firstbell.runner.execution.run import Attempt, errored_ending
from firstbell.runner.execution.supervision.protocol import HEALTH_PROBE, FromWorker, PlayAttempt, Ready, WorkerSetup
from firstbell.runner.execution.supervision.recycling import RecycleReason, WorkerLimits, WorkerUsage, recycle_reason
from firstbell.runner.execution.supervision.supervisor import Worker, WorkerFailure

log = structlog.get_logger()

# A page that opens and counts takes 0.1 s on a busy machine.
HEALTH_PROBE_S = 10.0
NO_RECORDING = RecordingOptions(trace=False, screenshots=False)


def _ignore(_message: FromWorker) -> None:
    """Ignores the messages of a health probe."""


class ManagedWorker:
    """Plays attempts, one at a time, with a healthy worker. `setup` is called for each new worker."""

    def __init__(self, setup: Callable[[], WorkerSetup], log: Path, limits: WorkerLimits) -> None:
        self._setup = setup
        self._log = log
        self._limits = limits
        self._lock = threading.Lock()
        self._is_ended = False
        self.worker = Worker(setup(), log=log)
        self._idle_since = time.monotonic()

    @property
    def ready(self) -> Ready:
        """The journeys that the worker has collected."""
        return self.worker.ready

    def play(
        self, order: PlayAttempt, *, deadline_s: float, listener: Callable[[FromWorker], None], fresh: bool
    ) -> Attempt:
        """Plays one attempt, with a worker that has never played if `fresh`.

        Always returns an attempt: one for which no worker could be started ends as errored.
        """
        try:
            self.prepare(fresh=fresh)
            attempt = self.worker.play(order, deadline_s=deadline_s, listener=listener)
        except WorkerFailure as failure:
            attempt = Attempt(
                number=order.attempt, started_at=datetime.now(UTC), took_s=0.0, ending=errored_ending(str(failure))
            )
        self._idle_since = time.monotonic()
        if self._is_ended and attempt.ending is not None:
            return replace(attempt, ending=errored_ending("First Bell was stopped during the attempt"))
        return attempt

    def prepare(self, *, fresh: bool = False) -> None:
        """Makes sure that a healthy worker runs. Raises WorkerFailure when none can be started."""
        if not self.worker.alive:
            self._replace(None)
        elif fresh and self.worker.played:
            self._replace(RecycleReason.CONFIRMING)
        elif reason := self._recycle_reason():
            self._replace(reason)

    def close(self) -> None:
        """Ends the worker in order."""
        with self._lock:
            self._is_ended = True
            self.worker.close()

    def kill(self) -> None:
        """Kills the worker, also from another thread; its attempt ends as errored, and no other worker is started."""
        with self._lock:
            self._is_ended = True
            self.worker.kill()

    def _recycle_reason(self) -> RecycleReason | None:
        worker = self.worker
        usage = WorkerUsage(attempts=worker.played, memory_mib=worker.memory_mib, unclosed=worker.unclosed)
        if reason := recycle_reason(usage, self._limits):
            return reason
        was_idle = time.monotonic() - self._idle_since > self._limits.probe_after_idle_s
        return (
            RecycleReason.BROWSER_UNRESPONSIVE if was_idle and worker.played and not self._browser_answers() else None
        )

    def _browser_answers(self) -> bool:
        probe = PlayAttempt(
            run_id="health-probe", journey=HEALTH_PROBE, attempt=1, folder=Path(), recording=NO_RECORDING
        )
        return self.worker.play(probe, deadline_s=HEALTH_PROBE_S, listener=_ignore).ending is None

    def _replace(self, reason: RecycleReason | None) -> None:
        if reason is not None:
            log.info("worker.replaced", reason=reason.value, played=self.worker.played)
        self.worker.close()
        with self._lock:
            if self._is_ended:
                raise WorkerFailure("First Bell was stopped")
            self.worker = Worker(self._setup(), log=self._log)
        self._idle_since = time.monotonic()
