"""Tells whether a machine's workers can carry a timetable, by the load of its busiest quarter of an hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from firstbell.runner.schedule.slots import Due

QUARTER_S = 900
# Above this a failure's confirmation, or one slow sign-in, is enough to make the next slot late.
FULL = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The busiest quarter of an hour: `busy_s` seconds of runs for `workers` workers. `most` is the journey with the
    largest part of it."""

    begins: datetime
    busy_s: float
    workers: int
    most: str

    @property
    def share(self) -> float:
        """The share of the workers' time; above 1 it is not enough."""
        return self.busy_s / (QUARTER_S * self.workers)

    @property
    def warning(self) -> str:
        """A sentence for the operator; empty if the load is no problem."""
        if self.share <= FULL:
            return ""
        can = "cannot carry" if self.share > 1 else "can only just carry"
        noun = "worker" if self.workers == 1 else "workers"
        return (
            f"{self.workers} {noun} {can} this: {self.share:.0%} busy, mostly with {self.most}; "
            "add workers in [watch], or play less often"
        )


def busiest_quarter(dues: Sequence[Due], expected_s: Mapping[str, float], workers: int) -> Load | None:
    """Returns the busiest quarter of an hour; None if nothing is due."""
    quarters: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for due in dues:
        quarters[int(due.at.timestamp()) // QUARTER_S][due.journey] += expected_s[due.journey]
    if not quarters:
        return None
    quarter = max(quarters, key=lambda number: (sum(quarters[number].values()), -number))
    return Load(
        begins=datetime.fromtimestamp(quarter * QUARTER_S, UTC),
        busy_s=sum(quarters[quarter].values()),
        workers=workers,
        most=max(quarters[quarter], key=lambda journey: quarters[quarter][journey]),
    )
