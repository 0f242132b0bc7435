"""The pipe between parent and worker: JSON lines over the worker's standard input and output."""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import BinaryIO

from firstbell.runner.execution.supervision.protocol import TO_WORKER, PipeMessage, ToWorker


class WorkerEnd:
    """The worker's end. Takes standard input and output for itself: nothing a journey prints can break the pipe."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        self._reading = reading
        self._writing = writing

    @classmethod
    def take_over_stdio(cls) -> WorkerEnd:
        """Moves the pipes to new file numbers; later prints go to standard error."""
        reading = os.fdopen(os.dup(0), "rb")
        writing = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # it needs a file number, not a path
            os.dup2(nothing.fileno(), 0)
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115  # stays open as long as the process
        return cls(reading, writing)

    def leave_with_parent(self) -> None:
        """Exits this process from now on when the parent is gone, even in the middle of an endless loop.

        The driver then sees its own pipe end, and closes the browser.
        """

        def watch() -> None:
            hangup = select.poll()
            hangup.register(self._reading, 0)  # A hang-up is always reported; the data is left for the reader.
            hangup.poll()
            os._exit(1)

        threading.Thread(target=watch, name="parent-watch", daemon=True).start()

    def send(self, message: PipeMessage) -> None:
        """Sends a message to the parent. Exits this process, and with it the browser, if the parent is gone."""
        try:
            self._writing.write(message.as_line())
            self._writing.flush()
        except BrokenPipeError:
            raise SystemExit(0) from None

    def receive(self) -> ToWorker | None:
        """Returns the parent's next message; None if the parent is gone."""
        line = self.read_line()
        return TO_WORKER.validate_json(line) if line else None

    def read_line(self) -> bytes:
        """Returns the next line, for a protocol other than the worker's; empty if the parent is gone."""
        return self._reading.readline().strip()
