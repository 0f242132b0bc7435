"""Missed slots that no incident has seen yet: all but the last few of each journey are marked as seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, select, update

from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.runs import slots

# Slots that are marked, and those that are observed, in one transaction, for which no other writer waits long.
MARKED_AT_ONCE, OBSERVED_AT_ONCE = 1000, 50


def mark_all_but_last(database: Database, missed: ColumnElement[bool], keep: int) -> tuple[int, list[Sequence[int]]]:
    """Marks the slots that meet a criterion as seen, but for the last `keep` of each journey. Returns the number of
    all, and the ids of those that are left, in batches. Raises HistoryError."""
    with database.read() as connection:
        query = select(slots.c.id, slots.c.journey).where(missed).order_by(slots.c.due_at)
        found = connection.execute(query).all()
    by_journey: dict[str, list[int]] = {}
    for row in found:
        by_journey.setdefault(row.journey, []).append(row.id)
    last = [number for ids in by_journey.values() for number in ids[-keep:]]
    for batch in _batches(sorted({row.id for row in found} - set(last)), MARKED_AT_ONCE):
        with database.write() as connection:
            connection.execute(update(slots).where(missed, slots.c.id.in_(batch)).values(weighed=True))
    return len(found), list(_batches(last, OBSERVED_AT_ONCE))


def _batches(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for begin in range(0, len(numbers), size):
        yield numbers[begin : begin + size]
