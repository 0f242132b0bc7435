"""What a command does that is told to end: it unwinds once, and whoever comes after it hears signals as before."""

from __future__ import annotations

import os
import signal

import pytest

from firstbell.runner.cli.signals import STOP_SIGNALS, stopped_by_signals


def told_to_end(number: signal.Signals, unwound: list[str]) -> None:
    with stopped_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            for again in STOP_SIGNALS:
                os.kill(os.getpid(), again)
            unwound.append("to the end")


@pytest.mark.parametrize("number", STOP_SIGNALS, ids=lambda number: number.name)
def test_a_signal_unwinds_even_when_it_comes_again_meanwhile(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in STOP_SIGNALS]
    unwound: list[str] = []
    with pytest.raises(SystemExit) as ended:
        told_to_end(number, unwound)
    assert (ended.value.code, unwound) == (128 + number, ["to the end"])
    assert [signal.getsignal(one) for one in STOP_SIGNALS] == before


def test_what_nohup_has_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
