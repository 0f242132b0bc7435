"""Announced maintenance: while it lasts, journeys of its services run or not as configured, and history says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """One announced window, in UTC. Empty `services` stands for all; `run` says whether journeys are played."""

    services: Sequence[str]
    start: datetime
    end: datetime
    run: bool
    why: str = ""

    def __str__(self) -> str:
        return f"maintenance of {', '.join(self.services) or 'everything'}" + (f": {self.why}" if self.why else "")


def in_force(announced: Iterable[Maintenance], relies_on: Sequence[str], at: datetime) -> Maintenance | None:
    """Returns the window that a journey falls into at a time, one that forbids runs before one that allows them."""
    found = [
        window
        for window in announced
        if window.start <= at < window.end and (not window.services or set(window.services) & set(relies_on))
    ]
    return min(found, key=lambda window: window.run, default=None)
