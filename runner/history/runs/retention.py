"""Retention of old rows: runs and attempts are kept, their steps become daily figures, media proofs and old host checks
are deleted.

One day at a time, figures and deletion in one transaction: if the process dies in between, the day is done again.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.history.tables.runs import proofs, runs, step_days, steps
from firstbell.runner.outcome import Outcome
from firstbell.runner.percentile import percentile

_ONE_DAY = timedelta(days=1)
# A dozen hosts make some 16 MB a day (measured), and a diagnosis needs only the latest checks.
CHECKS_KEPT = timedelta(days=7)


class StepThinning:
    """Applies retention to one database; days are the school's. `keep_days` is called each time, because the
    configuration can change."""

    def __init__(self, database: Database, zone: ZoneInfo, keep_days: Callable[[], float]) -> None:
        self._database = database
        self._zone = zone
        self._keep_days = keep_days

    def thin(self) -> int:
        """Sums up every day that is old enough; returns the number of deleted steps. Raises HistoryError."""
        HostCheckHistory(self._database).forget(CHECKS_KEPT)
        with self._database.read() as connection:
            day, last = self._first(connection), self._last(connection)
        thinned = 0
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
        begin, end = (datetime.combine(at, time(), self._zone).astimezone(UTC) for at in (day, day + _ONE_DAY))
        on_day = (runs.c.started_at >= begin) & (runs.c.started_at < end)
        taken = (steps.c.ended_s - steps.c.started_s).label("took_s")
        columns = (runs.c.journey, runs.c.location, steps.c.actor, steps.c.title, steps.c.service, steps.c.ending)
        query = select(*columns, taken).join(runs, runs.c.id == steps.c.run_id).where(on_day)
        with self._database.read() as connection:
            figures = list(_figures(day, connection.execute(query).all()))
        if not figures:
            return 0
        run_ids = select(runs.c.id).where(on_day)
        with self._database.write() as connection:
            connection.execute(delete(step_days).where(step_days.c.day == day))
            connection.execute(insert(step_days), figures)
            connection.execute(delete(proofs).where(proofs.c.run_id.in_(run_ids)))
            return connection.execute(delete(steps).where(steps.c.run_id.in_(run_ids))).rowcount


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
