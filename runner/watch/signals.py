"""Signals as things that are waited for: a handler that only wakes the one who waits cannot interrupt anything else."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

STOP = frozenset({signal.SIGTERM, signal.SIGINT})
HEARD = (*STOP, signal.SIGHUP)


class Signals:
    """While this is open SIGTERM, SIGINT and SIGHUP are waited for. Only for the main thread."""

    def __enter__(self) -> Self:
        self._ear, self._mouth = socket.socketpair()
        for end in (self._ear, self._mouth):
            end.setblocking(False)  # noqa: FBT003  # its only parameter
        self._before_fd = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _wake) for number in HEARD}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        self._ear.close()
        self._mouth.close()

    def wait(self, at_most_s: float) -> frozenset[int]:
        """What came within a time; nothing, if nothing did."""
        ready, _, _ = select.select([self._ear], [], [], at_most_s)
        return frozenset(self._ear.recv(64)) if ready else frozenset()


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Nothing: Python writes the number to the wake-up socket by itself."""
