"""Tests waits between tries: they double up to a bound, and are spread."""

from __future__ import annotations

import pytest

from firstbell.backoff import Backoff


@pytest.mark.parametrize(
    ("tries", "wait_s"),
    [
        pytest.param(0, 2.0, id="the first"),
        pytest.param(1, 4.0, id="twice as long"),
        pytest.param(7, 256.0, id="the last below the bound"),
        pytest.param(8, 300.0, id="the bound"),
        pytest.param(100_000, 300.0, id="no overflow"),
    ],
)
def test_wait_doubles_up_to_its_bound(tries: int, wait_s: float) -> None:
    assert Backoff(first_s=2.0, longest_s=300.0, spread=(1.0, 1.0)).wait_s(tries) == wait_s


def test_wait_is_spread_between_the_two_factors() -> None:
    backoff = Backoff(first_s=2.0, longest_s=300.0, spread=(0.5, 1.5))
    waits = {backoff.wait_s(1) for _ in range(50)}
    assert len(waits) > 1
    assert all(2.0 <= wait_s <= 6.0 for wait_s in waits)
