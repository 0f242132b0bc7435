"""A deadline that all parts of a host check share, in monotonic seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by which work must end."""

    at_s: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """The seconds left, never below zero."""
        return max(0.0, self.at_s - time.monotonic())

    def within(self, seconds: float) -> Deadline:
        """The earlier of this deadline and one that many seconds from now."""
        return min(self, Deadline.after(seconds), key=lambda deadline: deadline.at_s)


def since_ms(began_s: float) -> float:
    """Milliseconds since a monotonic moment, to a tenth."""
    return round((time.monotonic() - began_s) * 1000, 1)
