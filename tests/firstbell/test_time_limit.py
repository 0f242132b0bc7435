"""A call with a time limit returns, raises, or is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from firstbell.time_limit import TimeLimitPassed, within


def test_a_call_returns_what_it_returns_even_nothing() -> None:
    assert within(10.0, lambda: 7, name="seven") == 7
    assert within(10.0, lambda: None, name="nothing") is None


def test_a_call_raises_what_it_raises_even_a_timeout_of_its_own() -> None:
    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        within(10.0, fail, name="fails")


def test_a_call_that_hangs_is_left_behind_in_a_daemon_thread_of_that_name() -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeLimitPassed):
        within(0.05, lambda: release.wait(60), name="hangs")
    assert time.monotonic() - began < 30
    left = [thread for thread in threading.enumerate() if thread.name == "hangs"]
    release.set()
    assert [thread.daemon for thread in left] == [True]
    left[0].join(10)
