"""Maintenance that was announced: while it lasts, journeys of its services run or not as configured, and history
says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """One announced window, in UTC. `services` is empty where all are meant; `run` says whether journeys are played."""

    services: Sequence[str]
    start: datetime
    end: datetime
    run: bool
    why: str = ""

    def __str__(self) -> str:
        what = ", ".join(self.services) or "everything"
        return f"maintenance of {what}" + (f": {self.why}" if self.why else "")


def in_force(announced: Iterable[Maintenance], relies_on: Sequence[str], at: datetime) -> Maintenance | None:
    """The window that a journey falls into at a time. One that forbids playing goes before one that allows it."""
    met = [
        window
        for window in announced
        if window.start <= at < window.end and (not window.services or set(window.services) & set(relies_on))
    ]
    return min(met, key=lambda window: window.run, default=None)
