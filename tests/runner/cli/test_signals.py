"""Tests of stopping by signals: the clean-up runs once to its end, and the handlers are restored."""

from __future__ import annotations

import os
import signal

import pytest

from firstbell.runner.cli.signals import STOP_SIGNALS, stopped_by_signals


def stop_during_work(number: signal.Signals, log: list[str]) -> None:
    with stopped_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            for again in STOP_SIGNALS:
                os.kill(os.getpid(), again)
            log.append("to the end")


@pytest.mark.parametrize("number", STOP_SIGNALS, ids=lambda number: number.name)
def test_clean_up_is_not_interrupted_by_further_signals(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in STOP_SIGNALS]
    log: list[str] = []
    with pytest.raises(SystemExit) as ended:
        stop_during_work(number, log)
    assert (ended.value.code, log) == (128 + number, ["to the end"])
    assert [signal.getsignal(each) for each in STOP_SIGNALS] == before


def test_signal_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
