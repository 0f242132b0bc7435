"""Waits between tries: each twice as long as the one before, up to a bound, and spread at random.

Only the length of a wait is decided here. Retry libraries (stamina, tenacity) own the loop as well, and ours must end
at once when a process stops, or wait in a database between two tries.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_MOST_DOUBLINGS = 20  # A larger power would overflow after some thousand tries, and every bound is reached before.


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits from `first_s` to `longest_s`, each multiplied by a random factor between the two of `spread`, so that
    clients do not return to a recovered service all at once."""

    first_s: float
    longest_s: float
    spread: tuple[float, float]

    def wait_s(self, tries: int) -> float:
        """Returns how long to wait in seconds, after so many tries before the one that has just failed."""
        wait_s = min(self.first_s * 2.0 ** min(tries, _MOST_DOUBLINGS), self.longest_s)
        return wait_s * random.uniform(*self.spread)  # noqa: S311  # no secret
