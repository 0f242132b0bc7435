"""When something must be over: one moment that all parts of a check share, in monotonic seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment. What is begun after it is not worth beginning."""

    at_s: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """What is left, never below nothing."""
        return max(0.0, self.at_s - time.monotonic())

    def within(self, seconds: float) -> Deadline:
        """The earlier of this one and so many seconds from now."""
        return min(self, Deadline.after(seconds), key=lambda one: one.at_s)


def since_ms(began_s: float) -> float:
    """Milliseconds since a monotonic moment, to a tenth."""
    return round((time.monotonic() - began_s) * 1000, 1)
