"""Daily figures: how often each journey passed, kept beside the runs so that a year is answered at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.runs import days
from firstbell.runner.history.upsert import insert_of

COUNTED = ("passed", "flaky", "failed", "errored", "blind", "missed", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """What became of a journey's slots and runs. `flaky` ones passed at their second attempt."""

    journey: str
    passed: int = 0
    flaky: int = 0
    failed: int = 0
    errored: int = 0
    blind: int = 0
    missed: int = 0
    skipped: int = 0
    took_s: float = 0.0

    @property
    def judged(self) -> int:
        """How often the service could be judged."""
        return self.passed + self.flaky + self.failed

    @property
    def unknown(self) -> int:
        """How often nobody knows: never counted as healthy."""
        return self.errored + self.blind + self.missed

    @property
    def share(self) -> float | None:
        """Of what was judged, how much was well; None when nothing was."""
        return (self.passed + self.flaky) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCount:
    """So many more of one of COUNTED, on one of the school's days."""

    day: date
    journey: str
    location: str
    what: str
    by: int = 1
    took_s: float = 0.0


def add_count(connection: Connection, tally: DailyCount) -> None:
    """Add to one figure of one day, in the transaction of what is counted."""
    upsert = insert_of(connection)(days)
    key = {"day": tally.day, "journey": tally.journey, "location": tally.location}
    values = {**key, tally.what: tally.by, "took_s": tally.took_s}
    added = {tally.what: days.c[tally.what] + tally.by, "took_s": days.c.took_s + tally.took_s}
    connection.execute(
        upsert.values(values).on_conflict_do_update(index_elements=["day", "journey", "location"], set_=added)
    )


class DailyFigures:
    """The daily figures of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def uptime(self, first: date, last: date, journeys: Sequence[str] = ()) -> list[Uptime]:
        """What became of each journey from the first to the last day, both included."""
        sums = [func.sum(days.c[name]).label(name) for name in (*COUNTED, "took_s")]
        wanted = select(days.c.journey, *sums).where(days.c.day.between(first, last))
        if journeys:
            wanted = wanted.where(days.c.journey.in_(journeys))
        with self._database.read() as connection:
            rows = connection.execute(wanted.group_by(days.c.journey).order_by(days.c.journey)).mappings()
            return [Uptime(**row) for row in rows]
