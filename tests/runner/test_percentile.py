"""A percentile is a value that was measured."""

from __future__ import annotations

import pytest

from firstbell.runner.percentile import percentile


@pytest.mark.parametrize(("share", "value"), [(0.95, 10), (0.05, 1), (0.5, 5), (1.0, 10)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile([3, 1, 2, 10, 5, 4, 6, 9, 7, 8], share) == value
