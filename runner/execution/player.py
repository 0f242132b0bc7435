"""Somebody who is always fit to play: a worker that is started when needed, probed after idling, replaced when worn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from artifacts.policy import Recording
from runner.execution.messages import PULSE, FromWorker, Hello, Play, Ready
from runner.execution.run import Attempt, errored
from runner.execution.supervisor import Worker, WorkerUnwell
from runner.execution.wear import Limits, Tired, Wear, tired

log = structlog.get_logger()

# A page that opens and counts takes 0.1 s on a busy machine.
PULSE_S = 10.0
NOTHING = Recording(trace=False, screenshots=False)


def _deaf(_message: FromWorker) -> None:
    """Nobody wants to hear of a health probe."""


class Player:
    """Plays attempts, one at a time, with whichever worker is fit. `hello` is asked for each new worker."""

    def __init__(self, hello: Callable[[], Hello], log: Path, limits: Limits) -> None:
        self._hello = hello
        self._log = log
        self._limits = limits
        self._lock = threading.Lock()
        self._is_ended = False
        self.worker = Worker(hello(), log=log)
        self._rested_since = time.monotonic()

    @property
    def ready(self) -> Ready:
        """What the worker has collected."""
        return self.worker.ready

    def play(self, order: Play, *, deadline_s: float, listener: Callable[[FromWorker], None], fresh: bool) -> Attempt:
        """Play one attempt, with a worker that has never played where a fresh one is asked for.

        Always returns an attempt: one for which no worker could be started ended as errored.
        """
        try:
            self.prepare(fresh=fresh)
            attempt = self.worker.play(order, deadline_s=deadline_s, listener=listener)
        except WorkerUnwell as unwell:
            attempt = Attempt(
                number=order.attempt, started_at=datetime.now(UTC), took_s=0.0, ending=errored(str(unwell))
            )
        self._rested_since = time.monotonic()
        if self._is_ended and attempt.ending is not None:
            return replace(attempt, ending=errored("First Bell was stopped in the middle"))
        return attempt

    def prepare(self, *, fresh: bool = False) -> None:
        """Have a worker that is fit. Raises WorkerUnwell when none can be started."""
        if not self.worker.alive:
            self._replace(None)
        elif fresh and self.worker.played:
            self._replace(Tired.CONFIRMING)
        elif why := self._why_tired():
            self._replace(why)

    def close(self) -> None:
        """End the worker, in order."""
        with self._lock:
            self._is_ended = True
            self.worker.close()

    def kill(self) -> None:
        """End the worker at once, also from another thread; what it plays ends as errored, and no other is started."""
        with self._lock:
            self._is_ended = True
            self.worker.kill()

    def _why_tired(self) -> Tired | None:
        worker = self.worker
        wear = Wear(attempts=worker.played, memory_mib=worker.memory_mib, unclosed=worker.unclosed)
        if why := tired(wear, self._limits):
            return why
        is_rested = time.monotonic() - self._rested_since > self._limits.pulse_after_idle_s
        return Tired.NO_PULSE if is_rested and worker.played and not self._has_pulse() else None

    def _has_pulse(self) -> bool:
        probe = Play(run_id="pulse", journey=PULSE, attempt=1, folder=Path(), recording=NOTHING)
        return self.worker.play(probe, deadline_s=PULSE_S, listener=_deaf).ending is None

    def _replace(self, why: Tired | None) -> None:
        if why is not None:
            log.info("worker.replaced", why=why.value, played=self.worker.played)
        self.worker.close()
        with self._lock:
            if self._is_ended:
                raise WorkerUnwell("First Bell was stopped")
            self.worker = Worker(self._hello(), log=self._log)
        self._rested_since = time.monotonic()
