"""Daily figures: counts of each journey's outcomes per day, so that a query over a year is fast."""

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
    """Outcomes of a journey's slots and runs. `flaky` ones passed at their second attempt."""

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
        """Number of runs that could judge the service."""
        return self.passed + self.flaky + self.failed

    @property
    def unknown(self) -> int:
        """Number of slots and runs without a judgement: never counted as passed."""
        return self.errored + self.blind + self.missed

    @property
    def share(self) -> float | None:
        """Share of the judged runs that passed; None if none was judged."""
        return (self.passed + self.flaky) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCount:
    """An increase of one figure (`what`, of COUNTED) on one of the school's days."""

    day: date
    journey: str
    location: str
    what: str
    by: int = 1
    took_s: float = 0.0


def add_count(connection: Connection, count: DailyCount) -> None:
    """Adds to one figure of one day, in the transaction of the run or slot that is counted."""
    upsert = insert_of(connection)(days)
    key = {"day": count.day, "journey": count.journey, "location": count.location}
    values = {**key, count.what: count.by, "took_s": count.took_s}
    added = {count.what: days.c[count.what] + count.by, "took_s": days.c.took_s + count.took_s}
    connection.execute(
        upsert.values(values).on_conflict_do_update(index_elements=["day", "journey", "location"], set_=added)
    )


class DailyFigures:
    """The daily figures of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def uptime(self, first: date, last: date, journeys: Sequence[str] = ()) -> list[Uptime]:
        """Returns the outcomes of each journey from the first to the last day, both included."""
        sums = [func.sum(days.c[name]).label(name) for name in (*COUNTED, "took_s")]
        query = select(days.c.journey, *sums).where(days.c.day.between(first, last))
        if journeys:
            query = query.where(days.c.journey.in_(journeys))
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(days.c.journey).order_by(days.c.journey)).mappings()
            return [Uptime(**row) for row in rows]
