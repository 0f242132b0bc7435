"""What a command does that is told to end and keeps something private: it unwinds, so that nothing is left behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A line that drops, as of ssh -X, is SIGHUP; a supervisor or a shutdown is SIGTERM.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """While this is open SIGTERM and SIGHUP raise SystemExit with 128 and their number. Only for the main thread.

    Once one was taken the rest is not heard: a terminal that goes says so twice, by the kernel and by its shell, and
    the second must not cut short what the first began. What the caller has ignored (nohup) stays ignored.
    """
    before = {number: was for number in STOP_SIGNALS if (was := signal.getsignal(number)) is not signal.SIG_IGN}

    def stop(taken: int, _: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + taken)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
