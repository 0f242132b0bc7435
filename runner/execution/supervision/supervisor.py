"""The parent of a worker: starts it, sends it attempts, enforces each attempt's deadline, and kills it.

Only this process ends a run: a dead Playwright driver looks alive from inside, and a call into it can spin for ever
(microsoft/playwright-python#3187).
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from firstbell.errors import FirstBellError
from firstbell.journeys.stage.ending import EndingKind, private
from firstbell.private_files import private_log
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.execution.run import Attempt, errored_ending
from firstbell.runner.execution.supervision.child_process import ChildGone, ChildProcess
from firstbell.runner.execution.supervision.entrance import Entrance
from firstbell.runner.execution.supervision.protocol import (
    FROM_WORKER,
    AttemptEnded,
    AttemptJudged,
    BrowserFactsCollected,
    EvidenceRecorded,
    FromWorker,
    MediaJudged,
    PipeMessage,
    PlayAttempt,
    Quit,
    Ready,
    StepEnded,
    WorkerBroken,
    WorkerSetup,
)

READY_S = 60.0  # Importing Playwright and collecting takes 2 s on two busy cores; a cold disk takes longer.
# Saving two traces takes under 2 s; a context that does not close in this time never will (playwright#22156).
CLOSE_S = 20.0
MIB = 1 << 20

Listener = Callable[[FromWorker], None]


class WorkerFailure(FirstBellError):
    """The worker cannot work. The message says why, in one line."""


class Worker:
    """One resident worker. `log` receives its printed output."""

    def __init__(self, setup: WorkerSetup, log: Path) -> None:
        self._log: IO[bytes] = private_log(log)
        self._messages: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        self._entrance = Entrance(setup.secrets)
        self._child = ChildProcess(
            "firstbell.runner.app.worker_main",
            reads=FROM_WORKER,
            on_message=self._messages.put,
            log=self._log,
            entrance=self._entrance.receive,
        )
        self.played = 0
        self.unclosed = ""
        self.ready = self._set_up(setup)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close() if kind is None else self.kill()

    def play(self, order: PlayAttempt, *, deadline_s: float, listener: Listener) -> Attempt:
        """Plays one attempt and passes each message on to the listener as it arrives.

        Always returns an attempt. One that passes its deadline before it is judged, or whose worker crashes, ends as
        errored; the worker is gone then (`alive` is false). One that cannot close what it opened keeps its outcome.
        """
        messages: list[FromWorker] = []
        started_at, began = datetime.now(UTC), time.monotonic()
        unclosed, limit_s = "", deadline_s
        self.played += 1
        self._entrance.begin_attempt()
        try:
            self._send(order)
            while not isinstance(message := self._next(began + limit_s, limit_s=deadline_s), AttemptEnded):
                messages.append(message)
                listener(message)
                if isinstance(message, AttemptJudged):
                    limit_s = time.monotonic() - began + CLOSE_S
            unclosed = message.unclosed
        except WorkerFailure as failure:
            self.kill()
            unclosed = str(failure)
        self.unclosed = unclosed
        took_s = time.monotonic() - began
        fallback = AttemptJudged(
            started_at=started_at, took_s=took_s, ending=errored_ending(unclosed), browser="", lost_share=0.0
        )
        # Once more: a code or a cookie may have been found after the first message that holds it.
        cleaned = [self._entrance.cleaned(message) for message in messages]
        attempt = replace(_attempt(order, cleaned, fallback, unclosed), found_secrets=self._entrance.found_secrets)
        self._kill_if_errored(attempt)
        return attempt

    @property
    def memory_mib(self) -> float:
        """The memory of the worker, its driver and its browser; shared pages count once for each process."""
        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.pid)
            for process in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total / MIB

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """True if it can be sent another attempt."""
        return self._child.alive

    def close(self) -> None:
        """Asks the worker to close its browser and exit; kills remaining processes and removes remaining files."""
        self._child.close(Quit())
        self._log.close()

    def kill(self) -> None:
        """Kills the worker, its driver and its browser at once."""
        self._child.kill()
        self._log.close()

    def _kill_if_errored(self, attempt: Attempt) -> None:
        """Kills the worker after a fault of the probe's own: its browser may be dead and not say so."""
        if attempt.ending is not None and attempt.ending.kind is EndingKind.ERRORED:
            self.kill()

    def _set_up(self, setup: WorkerSetup) -> Ready:
        try:
            self._send(setup)
            answer = self._next(time.monotonic() + READY_S, limit_s=READY_S)
        except WorkerFailure:
            self.kill()
            raise
        if isinstance(answer, Ready):
            return answer
        self.kill()
        raise WorkerFailure(
            answer.said if isinstance(answer, WorkerBroken) else "the worker sent an unexpected message"
        )

    def _next(self, deadline: float, *, limit_s: float) -> FromWorker:
        """Returns the next message before a monotonic deadline. Raises WorkerFailure when there is none."""
        try:
            message = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise WorkerFailure(
                f"the attempt did not end before its deadline of {limit_s:.0f} s and was killed"
            ) from None
        if message is None:
            raise self._crashed()
        return message

    def _send(self, message: PipeMessage) -> None:
        try:
            self._child.send(message)
        except ChildGone:
            raise self._crashed() from None

    def _crashed(self) -> WorkerFailure:
        return WorkerFailure(f"the worker process crashed; log: {self._log.name}")


def _attempt(order: PlayAttempt, messages: list[FromWorker], fallback: AttemptJudged, unclosed: str) -> Attempt:
    judged = next((message for message in messages if isinstance(message, AttemptJudged)), fallback)
    recorded = next(
        (message for message in messages if isinstance(message, EvidenceRecorded)), EvidenceRecorded(artifacts=())
    )
    facts = next((message for message in messages if isinstance(message, BrowserFactsCollected)), None)
    ending = judged.ending
    if recorded.is_private and not (ending and ending.is_private):
        ending = private(1)
    is_private = ending is not None and ending.is_private
    return Attempt(
        number=order.attempt,
        started_at=judged.started_at,
        took_s=judged.took_s,
        steps=tuple(
            replace(message.record, ending=ending) if is_private and message.record.ending else message.record
            for message in messages
            if isinstance(message, StepEnded)
        ),
        proofs=tuple(message.proof for message in messages if isinstance(message, MediaJudged)),
        artifacts=recorded.artifacts,
        ending=ending,
        clock_offset_s=recorded.clock_offset_s,
        # Words and addresses of a page may name a person who came in.
        seen=facts.seen if facts and not is_private else BrowserFacts(),
        harmless=() if is_private else recorded.harmless,
        browser=judged.browser,
        lost_share=judged.lost_share,
        unclosed=unclosed,
    )
