"""Slots that ended without a run, grouped by reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from firstbell.runner.history.tables.runs import slots
from firstbell.runner.schedule.slot_state import SlotState, in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Slots that ended without a run for one reason: how many, of how many journeys, and when they were due."""

    state: str
    why: str
    slots: int
    journeys: int
    first: datetime
    last: datetime


def read_gaps(connection: Connection, location: str, since: datetime, limit: int) -> list[Gap]:
    """Returns the slots of a location that ended without a run since a moment, the latest reason first."""
    columns = (slots.c.state, slots.c.why)
    ended = slots.c.state.in_((SlotState.MISSED, SlotState.SKIPPED)) & (slots.c.due_at >= since)
    first, last = func.min(slots.c.due_at).label("first"), func.max(slots.c.due_at).label("last")
    counts = (func.count().label("slots"), func.count(slots.c.journey.distinct()).label("journeys"))
    query = select(*columns, *counts, first, last).where(ended, slots.c.location == location)
    rows = connection.execute(query.group_by(*columns).order_by(last.desc()).limit(limit)).mappings()
    return [Gap(**{**row, "why": in_words(row["why"])}) for row in rows]
