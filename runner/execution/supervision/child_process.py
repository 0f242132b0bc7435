"""Runs a child process: JSON lines both ways, and a marker and a temporary folder to find its leftovers by."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from typing import IO, Generic, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from firstbell.runner.execution.supervision.process_identity import this_process
from firstbell.runner.execution.supervision.protocol import PipeMessage
from firstbell.runner.execution.supervision.termination import (
    MARKER,
    LeftoverProcesses,
    end_leftovers,
    end_worker,
    temporary_folder,
)

log = structlog.get_logger()

QUIT_S = 10.0

Message = TypeVar("Message")


class ChildGone(Exception):
    """The child has ended and cannot be sent anything."""


class ChildProcess(Generic[Message]):
    """One `python -m module`. `on_message` gets each of its messages, in a thread of its own, and None at the end of
    its pipe. `reads` parses its messages, `entrance` cleans them, and keeps those back for which it returns None; `log`
    receives its printed output."""

    def __init__(
        self,
        module: str,
        *,
        reads: TypeAdapter[Message],
        on_message: Callable[[Message | None], object],
        log: IO[bytes],
        entrance: Callable[[Message], Message | None] = lambda message: message,
    ) -> None:
        self._reads = reads
        self._entrance = entrance
        self._on_message = on_message
        self._marker = f"{this_process()}/{uuid.uuid4().hex}"
        self._folder = temporary_folder()
        self._is_ended = False
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, MARKER: self._marker, "TMPDIR": str(self._folder.path)},
            # Ctrl-C on a terminal goes to a whole process group; the parent decides what it means for a child.
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, name=f"pipe of {module}", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True until it ends."""
        return self._process.poll() is None

    def send(self, message: PipeMessage) -> None:
        """Sends a message. Raises ChildGone."""
        assert self._process.stdin is not None  # noqa: S101  # a pipe was asked for
        if self._is_ended:
            raise ChildGone
        try:
            self._process.stdin.write(message.as_line())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ChildGone from None

    def close(self, quit_message: PipeMessage) -> None:
        """Asks it to end with `quit_message`; kills it if it does not, and removes what it leaves. Idempotent."""
        if self._is_ended:
            return
        try:
            self.send(quit_message)
            self._process.wait(QUIT_S)
        except (ChildGone, subprocess.TimeoutExpired):
            self.kill()
            return
        self._clean_up(end_leftovers(self._marker, self._folder.path))

    def kill(self) -> None:
        """Kills it with all that it has started, and removes what it leaves. Idempotent."""
        if not self._is_ended:
            self._clean_up(end_worker(self._process, self._marker, self._folder.path))

    def _clean_up(self, leftover: LeftoverProcesses) -> None:
        self._is_ended = True
        self._folder.release()
        if str(leftover):
            log.error("worker.leftovers", leftovers=str(leftover))
        self._listener.join(QUIT_S)  # The pipe has ended, unless a leftover process has it open.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # a pipe was asked for
        for line in self._process.stdout:
            try:
                message = self._entrance(self._reads.validate_json(line))
            except ValidationError:
                break
            if message is not None:
                self._on_message(message)
        self._on_message(None)
