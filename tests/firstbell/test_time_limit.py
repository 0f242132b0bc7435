"""Tests calls with a time limit: they return, raise, or are left running."""

from __future__ import annotations

import threading
import time

import pytest

from firstbell.time_limit import TimeLimitPassed, within


def test_time_limit_returns_the_result_even_none() -> None:
    assert within(10.0, lambda: 7, name="seven") == 7
    assert within(10.0, lambda: None, name="nothing") is None


def test_time_limit_raises_the_error_even_a_timeout() -> None:
    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        within(10.0, fail, name="fails")


def test_hanging_call_stays_in_a_named_daemon_thread() -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeLimitPassed):
        within(0.05, lambda: release.wait(60), name="hangs")
    assert time.monotonic() - began < 30
    left = [thread for thread in threading.enumerate() if thread.name == "hangs"]
    release.set()
    assert [thread.daemon for thread in left] == [True]
    left[0].join(10)
