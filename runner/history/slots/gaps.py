"""Slots that ended without a run, and absences, grouped by reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from firstbell.runner.history.tables.runs import absences, slots
from firstbell.runner.schedule.slot_state import MissedReason, SlotState, in_words


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
    found = [Gap(**{**row, "why": in_words(row["why"])}) for row in rows]
    absent = _absence(connection, location, since)
    if absent is None:
        return found
    same = next((gap for gap in found if (gap.state, gap.why) == (absent.state, absent.why)), None)
    merged = absent if same is None else _merged(absent, same)
    return sorted((merged, *(gap for gap in found if gap is not same)), key=lambda gap: gap.last, reverse=True)[:limit]


def _absence(connection: Connection, location: str, since: datetime) -> Gap | None:
    counts = (func.sum(absences.c.slots).label("slots"), func.count(absences.c.journey.distinct()).label("journeys"))
    ends = (func.min(absences.c.since).label("first"), func.max(absences.c.until).label("last"))
    query = select(*counts, *ends).where(absences.c.location == location, absences.c.until > since)
    row = connection.execute(query).mappings().one()
    why = in_words(MissedReason.UNWATCHED)
    return Gap(state=SlotState.MISSED, why=why, **row) if row["slots"] else None


def _merged(one: Gap, other: Gap) -> Gap:
    """Returns two gaps as one; of the journeys, most are in both."""
    journeys, first, last = max(one.journeys, other.journeys), min(one.first, other.first), max(one.last, other.last)
    return replace(one, slots=one.slots + other.slots, journeys=journeys, first=first, last=last)
