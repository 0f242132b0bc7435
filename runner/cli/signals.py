"""Turns SIGTERM and SIGHUP into an exception, so that a stopped command cleans up its private files."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A lost connection, as of ssh -X, sends SIGHUP; a supervisor or a shutdown sends SIGTERM.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raises SystemExit with 128 and the signal's number on SIGTERM and SIGHUP. For the main thread only.

    Further signals are ignored: a terminal that closes sends two, by the kernel and by its shell, and the second must
    not interrupt the clean-up. A signal that the caller ignores (nohup) stays ignored.
    """
    before = {number: handler for number in STOP_SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}

    def stop(received: int, _: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + received)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
