"""The parent of a worker: starts it, hands it attempts, holds each attempt's deadline, and ends the whole tree.

Only this process ends a run: a dead Playwright driver looks alive from inside, and a call into it can spin for ever
(microsoft/playwright-python#3187). The browser lives in a session of its own, so a group kill misses it; the tree is
found by ancestry before anything is killed.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil
from pydantic import ValidationError

from journeys.stage.ending import EndingKind
from runner.execution.messages import (
    FROM_WORKER,
    AttemptEnded,
    FromWorker,
    Hello,
    MediaJudged,
    Message,
    Play,
    Quit,
    Ready,
    StepEnded,
    Unwell,
)
from runner.execution.run import Attempt, errored

READY_S = 60.0  # Importing Playwright and collecting takes 2 s on two busy cores; a cold disk takes its time.
QUIT_S = 10.0
GONE_S = 5.0

Listener = Callable[[FromWorker], None]


class WorkerUnwell(Exception):
    """The worker cannot work, and the message is why, in one line."""


class Worker:
    """One resident worker. `log` takes whatever it prints."""

    def __init__(self, hello: Hello, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log: IO[bytes] = log.open("ab")
        self._heard: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "runner.worker_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._listening = threading.Thread(target=self._listen, name="worker-pipe", daemon=True)
        self._listening.start()
        self.ready = self._greet(hello)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close() if kind is None else self.kill()

    def play(self, order: Play, *, deadline_s: float, listener: Listener) -> Attempt:
        """Play one attempt and tell the listener what happens as it happens.

        Always returns an attempt. One that passes its deadline, or whose worker dies, ended as errored; the worker
        is gone then (`alive` is false) and what lies in the attempt's folder is all there will be.
        """
        heard: list[FromWorker] = []
        started_at, began = datetime.now(UTC), time.monotonic()
        try:
            self._say(order)
            while True:
                message = self._next(began + deadline_s, limit_s=deadline_s)
                if isinstance(message, AttemptEnded):
                    self._retire_if_unwell(message)
                    return _attempt(order, heard, message)
                heard.append(message)
                listener(message)
        except WorkerUnwell as unwell:
            self.kill()
            ended = AttemptEnded(
                started_at=started_at,
                took_s=time.monotonic() - began,
                ending=errored(str(unwell)),
                artifacts=(),
                browser="",
            )
            return _attempt(order, heard, ended)

    @property
    def pid(self) -> int:
        """The worker's process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be handed another attempt."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ask it to close its browser and end; kill what does not."""
        if not self.alive:
            return
        try:
            self._say(Quit())
            self._process.wait(QUIT_S)
        except (WorkerUnwell, subprocess.TimeoutExpired):
            self.kill()
        self._put_away()

    def kill(self) -> None:
        """End the worker, its driver and its browser at once."""
        end_tree(self._process.pid)
        self._process.wait(GONE_S)
        self._put_away()

    def _retire_if_unwell(self, ended: AttemptEnded) -> None:
        """After a fault of the probe's own this process is not trusted: its browser may be dead and not say so."""
        if ended.ending is not None and ended.ending.kind is EndingKind.ERRORED:
            self.kill()

    def _greet(self, hello: Hello) -> Ready:
        try:
            self._say(hello)
            answer = self._next(time.monotonic() + READY_S, limit_s=READY_S)
        except WorkerUnwell:
            self.kill()
            raise
        if isinstance(answer, Ready):
            return answer
        self.kill()
        raise WorkerUnwell(answer.said if isinstance(answer, Unwell) else "the worker spoke out of turn")

    def _next(self, deadline: float, *, limit_s: float) -> FromWorker:
        """The next message before a monotonic deadline. Raises WorkerUnwell when there is none."""
        try:
            message = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise WorkerUnwell(f"did not end before its deadline of {limit_s:.0f} s; ended by force") from None
        if message is None:
            raise WorkerUnwell(f"the worker died; its last words are in {self._log.name}")
        return message

    def _say(self, message: Message) -> None:
        assert self._process.stdin is not None  # noqa: S101  # a pipe was asked for
        try:
            self._process.stdin.write(message.as_line())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerUnwell(f"the worker died; its last words are in {self._log.name}") from None

    def _listen(self) -> None:
        """Read until the pipe ends; None says that it has."""
        assert self._process.stdout is not None  # noqa: S101  # a pipe was asked for
        for line in self._process.stdout:
            try:
                self._heard.put(FROM_WORKER.validate_json(line))
            except ValidationError:
                break
        self._heard.put(None)

    def _put_away(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _attempt(order: Play, heard: list[FromWorker], ended: AttemptEnded) -> Attempt:
    return Attempt(
        number=order.attempt,
        started_at=ended.started_at,
        took_s=ended.took_s,
        steps=tuple(message.record for message in heard if isinstance(message, StepEnded)),
        proofs=tuple(message.proof for message in heard if isinstance(message, MediaJudged)),
        artifacts=ended.artifacts,
        ending=ended.ending,
        browser=ended.browser,
    )


def end_tree(pid: int) -> None:
    """Kill a process and all that it started, and wait until they are gone.

    Ancestry is read before the first kill: an orphan's parent is init, and nobody could find it again.
    """
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=GONE_S)
