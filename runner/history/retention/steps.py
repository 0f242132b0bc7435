"""Retention of steps: they become daily figures, and media proofs are deleted. Runs and attempts are kept.

One day at a time: its figures are written, then its steps are deleted in batches. If the process dies in between, the
next call deletes the rest of that day.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.retention.batches import PAUSE_S, delete_values
from firstbell.runner.history.tables.runs import proofs, runs, step_days, steps
from firstbell.runner.outcome import Outcome
from firstbell.runner.percentile import percentile

_ONE_DAY = timedelta(days=1)
# With ten steps each, as many rows as fit into one batch.
BATCH_RUNS = 100


class StepThinning:
    """Applies retention to one database; days are the school's. `keep_days` is called each time, because the
    configuration can change."""

    def __init__(self, database: Database, zone: ZoneInfo, keep_days: Callable[[], float]) -> None:
        self._database = database
        self._zone = zone
        self._keep_days = keep_days

    def thin(self) -> int:
        """Sums up every day that is old enough; returns the number of deleted steps. Raises HistoryError."""
        with self._database.read() as connection:
            day, last = self._first(connection), self._last(connection)
        thinned = self._delete(day - _ONE_DAY) if day is not None else 0
        while day is not None and day <= last:
            thinned += self._thin(day)
            day += _ONE_DAY
        return thinned

    def _first(self, connection: Connection) -> date | None:
        """Returns the day after the last one that was summed up, or the day of the first run."""
        done = connection.execute(select(func.max(step_days.c.day))).scalar_one()
        if done is not None:
            return done + _ONE_DAY  # type: ignore[no-any-return]  # the column is a date
        began = connection.execute(select(func.min(runs.c.started_at))).scalar_one()
        return began.astimezone(self._zone).date() if began else None

    def _last(self, connection: Connection) -> date:
        today = self._database.now(connection).astimezone(self._zone).date()
        return today - timedelta(days=math.ceil(self._keep_days()) + 1)

    def _thin(self, day: date) -> int:
        taken = (steps.c.ended_s - steps.c.started_s).label("took_s")
        columns = (runs.c.journey, runs.c.location, steps.c.actor, steps.c.title, steps.c.service, steps.c.ending)
        query = select(*columns, taken).join(runs, runs.c.id == steps.c.run_id).where(self._on(day))
        with self._database.read() as connection:
            figures = list(_figures(day, connection.execute(query).all()))
        if not figures:
            return 0
        with self._database.write() as connection:
            connection.execute(delete(step_days).where(step_days.c.day == day))
            connection.execute(insert(step_days), figures)
        return self._delete(day)

    def _delete(self, day: date) -> int:
        """Deletes the steps and proofs of the runs of a day; returns the number of steps."""
        query = select(steps.c.run_id).join(runs, runs.c.id == steps.c.run_id).where(self._on(day)).distinct()
        with self._database.read() as connection:
            found = connection.execute(query).scalars().all()
        deleted = 0
        for begin in range(0, len(found), BATCH_RUNS):
            batch = found[begin : begin + BATCH_RUNS]
            delete_values(self._database, proofs.c.run_id, batch)
            deleted += delete_values(self._database, steps.c.run_id, batch)
            time.sleep(PAUSE_S)
        return deleted

    def _on(self, day: date) -> ColumnElement[bool]:
        """Returns the condition of runs that began on a day."""
        begin, end = (datetime.combine(at, clock_time(), self._zone).astimezone(UTC) for at in (day, day + _ONE_DAY))
        return (runs.c.started_at >= begin) & (runs.c.started_at < end)


def _figures(day: date, rows: Iterable[Any]) -> Iterable[dict[str, object]]:
    """Yields a day's figures by journey, location, actor and title."""
    grouped: dict[tuple[str, str, str, str], list[Any]] = {}
    for row in rows:
        grouped.setdefault((row.journey, row.location, row.actor, row.title), []).append(row)
    for (journey, location, actor, title), found in grouped.items():
        took = [row.took_s for row in found]
        yield {
            "day": day,
            "journey": journey,
            "location": location,
            "actor": actor,
            "title": title,
            "service": found[-1].service,
            "plays": len(found),
            "failed": sum(row.ending == Outcome.FAILED for row in found),
            "median_s": statistics.median(took),
            "p95_s": percentile(took, 0.95),
        }
