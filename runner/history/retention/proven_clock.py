"""The clock by which rows are deleted: only one that First Bell has run by for days is believed.

A clock that jumps ahead by years would make every row old, and one that jumps back is as wrong. Neither has runs or
host checks on the days just before it. After a long absence, or in a young history, nothing is deleted for a few days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Column, Connection, Table, func, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.host_checks import host_checks
from firstbell.runner.history.tables.runs import runs

# A school that plays on weekdays only is seen on five of eight days, on four with a holiday.
SEEN_DAYS, OF_DAYS = 4, 8
WHY_DOUBTFUL = f"fewer than {SEEN_DAYS} of the last {OF_DAYS} days have runs or host checks; check this machine's clock"

_ONE_DAY = timedelta(days=1)
_SIGHTINGS = ((runs, runs.c.started_at), (host_checks, host_checks.c.at))


class ClockProof(Enum):
    """The relation of a clock to the rows of history. YOUNG: no row is old enough for retention anyway."""

    PROVEN = "proven"
    YOUNG = "young"
    DOUBTFUL = "doubtful"


def proof_of(now: datetime, seen_days: int, oldest: datetime | None, newest: datetime | None) -> ClockProof:
    """Judges a clock by the number of its last `OF_DAYS` days that have rows, and by the oldest and newest run."""
    if seen_days >= SEEN_DAYS:
        return ClockProof.PROVEN
    if oldest is None or newest is None:
        return ClockProof.YOUNG
    is_young = now - oldest < OF_DAYS * _ONE_DAY and newest - now < _ONE_DAY
    return ClockProof.YOUNG if is_young else ClockProof.DOUBTFUL


def clock_proof(database: Database) -> ClockProof:
    """Judges the clock of a database. Raises HistoryError."""
    with database.read() as connection:
        now = database.now(connection)
        seen = sum(_is_seen(connection, now - number * _ONE_DAY) for number in range(OF_DAYS))
        # Two questions: an index answers each at once, and both together only by reading all of it.
        oldest, newest = (
            connection.execute(select(end(runs.c.started_at))).scalar_one() for end in (func.min, func.max)
        )
        return proof_of(now, seen, oldest, newest)


def _is_seen(connection: Connection, end: datetime) -> bool:
    """True if a run began or a host was checked in the day before a moment."""
    return any(_has_row(connection, table, at, end) for table, at in _SIGHTINGS)


def _has_row(connection: Connection, table: Table, at: Column[datetime], end: datetime) -> bool:
    query = select(at).select_from(table).where(at > end - _ONE_DAY, at <= end).limit(1)
    return connection.execute(query).first() is not None
