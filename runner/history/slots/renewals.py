"""Tells how long this process has renewed its leases without a disturbance.

After an outage of the database, or a step of its clock, the leases of all processes have expired, and whoever comes
back first would end the slots that the others are still running. A lease that has expired counts only for a process
that has renewed its own for a whole lease since: by then each of the others has renewed its own, or is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

# Shares of a lease: two renewals further apart, or a clock that moved by more, were a disturbance.
_GAP, _STEP = 0.5, 0.25


class Renewals:
    """The renewals of one process. Times are the database's; `clock` is a clock in seconds that is never set."""

    def __init__(self, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_s = lease_s
        self._clock = clock
        self._last: tuple[datetime, float] | None = None
        self._since_s = 0.0

    def succeeded(self, now: datetime) -> None:
        """Notes a renewal that the database has answered, at its time."""
        at_s = self._clock()
        if self._last is None or self._is_disturbance(now, at_s):
            self._since_s = at_s
        self._last = now, at_s

    def failed(self) -> None:
        """Notes a renewal that failed."""
        self._last = None

    @property
    def are_undisturbed(self) -> bool:
        """True after a whole lease of renewals without a disturbance."""
        return self._last is not None and self._last[1] - self._since_s >= self._lease_s

    def _is_disturbance(self, now: datetime, at_s: float) -> bool:
        assert self._last is not None  # noqa: S101  # the caller has checked
        passed_s, moved_s = at_s - self._last[1], (now - self._last[0]).total_seconds()
        return passed_s > _GAP * self._lease_s or abs(moved_s - passed_s) > _STEP * self._lease_s
