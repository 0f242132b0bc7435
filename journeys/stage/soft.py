"""Soft expectations: what `expect.soft` has found wrong, so that the step in which it was found says so."""

from __future__ import annotations

from collections.abc import Sequence

from playwright._impl import _assertions


def found_wrong() -> Sequence[AssertionError]:
    """What the test that is being played has found wrong softly until now.

    Playwright 1.65 keeps it here for pytest-playwright, which raises it when the test is over; there is no public way.
    A Playwright that keeps it elsewhere leaves soft expectations to the end of the test, which fails all the same.
    """
    return tuple(getattr(_assertions, "_soft_errors", None) or ())
