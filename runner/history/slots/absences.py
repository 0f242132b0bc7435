"""Absences: slots that were due while no service ran, for days. One row for each journey and school day, not one for
each slot: 200 journeys every 5 minutes miss 24,000 slots a day.

A row counts into the daily figures in its own transaction, which also moves the time until which its journey is
planned: nothing is counted twice, whichever service does it and wherever it is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from firstbell.runner.history.daily_figures import DailyCount, add_count
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.runs import absences, planned, slots
from firstbell.runner.schedule.slot_state import SlotState
from firstbell.runner.schedule.slots import Due

_MOMENT = timedelta(microseconds=1)


class AbsenceHistory:
    """The absences of one location; days are the school's. Raises HistoryError when the database cannot be reached."""

    def __init__(self, database: Database, location: str, zone: ZoneInfo) -> None:
        self._database = database
        self._location = location
        self._zone = zone

    def record(self, dues: Sequence[Due], until: datetime) -> int:
        """Records slots of one school day, all due before `until`, as missed, and plans their journeys until then;
        returns their number. Those that are planned already, or of a journey that never was, are left out."""
        times: dict[str, list[datetime]] = {}
        for due in dues:
            times.setdefault(due.journey, []).append(due.at)
        with self._database.write_exclusively() as connection:
            query = select(planned.c.journey, planned.c.until).where(planned.c.location == self._location)
            since = {row.journey: row.until for row in connection.execute(query)}
            known = self._known(connection, dues)
            missed = {
                name: sum(at >= since[name] and (name, at) not in known for at in due_at)
                for name, due_at in times.items()
                if name in since
            }
            missed = {name: number for name, number in missed.items() if number}
            rows = [
                {"journey": name, "location": self._location, "since": since[name], "until": until, "slots": number}
                for name, number in missed.items()
            ]
            if rows:
                connection.execute(insert(absences), rows)
            for name, number in missed.items():
                self._count(connection, name, until, number)
            seen = planned.c.journey.in_(sorted(times))
            behind = (planned.c.location == self._location) & (planned.c.until < until)
            connection.execute(update(planned).where(seen, behind).values(until=until))
            return sum(missed.values())

    def take_back(self, now: datetime) -> dict[str, datetime]:
        """Takes back the absences that end in the future, as a wrong clock recorded them; returns since when each of
        their journeys is to be planned again."""
        again: dict[str, datetime] = {}
        wrong = (absences.c.location == self._location) & (absences.c.until > now)
        with self._database.write_exclusively() as connection:
            for row in connection.execute(delete(absences).where(wrong).returning(*absences.c)):
                self._count(connection, row.journey, row.until, -row.slots)
                again[row.journey] = min(row.since, again.get(row.journey, now))
            for journey, since in again.items():
                this = (planned.c.journey == journey) & (planned.c.location == self._location)
                connection.execute(update(planned).where(this).values(until=since))
        return again

    def _known(self, connection: Connection, dues: Sequence[Due]) -> set[tuple[str, datetime]]:
        """Returns the slots of that time that have rows: a clock that was ahead may have planned them."""
        if not dues:
            return set()
        here = (slots.c.location == self._location) & (slots.c.due_at >= dues[0].at) & (slots.c.due_at <= dues[-1].at)
        rows = connection.execute(select(slots.c.journey, slots.c.due_at).where(here))
        return {(row.journey, row.due_at) for row in rows}

    def _count(self, connection: Connection, journey: str, until: datetime, by: int) -> None:
        """Counts missed slots on the school day that ends at `until`, or in which it lies."""
        day = (until - _MOMENT).astimezone(self._zone).date()
        count = DailyCount(day=day, journey=journey, location=self._location, what=SlotState.MISSED, by=by)
        add_count(connection, count)
