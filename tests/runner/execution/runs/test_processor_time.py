"""Tests busy and stolen shares of processor time, as psutil reports them on Linux and on macOS."""

from __future__ import annotations

from collections import namedtuple

import pytest

from firstbell.runner.execution.runs.processor_time import ProcessorShares, shares_between

Linux = namedtuple("Linux", "user idle iowait steal guest")  # psutil's own kind
Mac = namedtuple("Mac", "user idle")


@pytest.mark.parametrize(
    ("before", "after", "busy", "stolen"),
    [
        pytest.param(Linux(10, 10, 0, 0, 0), Linux(14, 13, 1, 2, 4), 0.4, 0.2, id="guest time is not counted twice"),
        pytest.param(Mac(0, 0), Mac(1, 3), 0.25, 0.0, id="a system that knows nothing of stolen time"),
        pytest.param(Mac(5, 5), Mac(5, 5), 0.0, 0.0, id="no time has passed"),
        pytest.param(Linux(0, 5, 9, 0, 0), Linux(1, 8, 8, 0, 0), 0.25, 0.0, id="a counter that goes back"),
    ],
)
def test_shares_are_of_the_elapsed_time(before: object, after: object, busy: float, stolen: float) -> None:
    assert shares_between(before, after) == ProcessorShares(busy=busy, stolen=stolen)
