"""Counts of a day's slots by state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.runs import slots


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCount:
    """Count of the slots of a journey at a location in one state, a value of SlotState."""

    journey: str
    location: str
    state: str
    count: int


def slots_today(database: Database, locations: Sequence[str], zone: ZoneInfo) -> list[SlotCount]:
    """Returns the counts of the current day in a zone, by when slots were due. Raises HistoryError."""
    columns = (slots.c.journey, slots.c.location, slots.c.state)
    with database.read() as connection:
        begins = database.now(connection).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        ends = (begins + timedelta(days=1)).replace(fold=0)
        is_today = slots.c.location.in_(locations) & (slots.c.due_at >= begins) & (slots.c.due_at < ends)
        rows = connection.execute(select(*columns, func.count().label("count")).where(is_today).group_by(*columns))
        return [SlotCount(**row) for row in rows.mappings()]
