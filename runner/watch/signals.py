"""Waits for signals: the handlers only wake the waiting thread, so they cannot interrupt other code."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

STOP = frozenset({signal.SIGTERM, signal.SIGINT})
RECEIVED = (*STOP, signal.SIGHUP)


class Signals:
    """Receives SIGTERM, SIGINT and SIGHUP while it is open. Only for the main thread."""

    def __enter__(self) -> Self:
        self._receiver, self._sender = socket.socketpair()
        for end in (self._receiver, self._sender):
            end.setblocking(False)  # noqa: FBT003  # its only parameter
        self._before_fd = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _wake) for number in RECEIVED}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        self._receiver.close()
        self._sender.close()

    def wait(self, at_most_s: float) -> frozenset[int]:
        """Returns the signals that arrive within a time; the set is empty if none does."""
        ready, _, _ = select.select([self._receiver], [], [], at_most_s)
        return frozenset(self._receiver.recv(64)) if ready else frozenset()


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Does nothing: Python itself writes the number to the wake-up socket."""
