"""Heartbeats of locations in history: by them a location notices that another has fallen silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.alarms import heartbeats
from firstbell.runner.history.tables.runs import planned, slots
from firstbell.runner.history.upsert import insert_of
from firstbell.runner.schedule.slot_state import SlotState

# Far longer than a run with both attempts takes: one that goes on after this time does not end by itself.
LONGEST_RUN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWork:
    """Work at a location: whether slots are planned ahead, how many were due, how many of them ran or were skipped, and
    how many are running now, and not for too long."""

    is_planned: bool
    due: int
    committed: int
    running: int = 0


class HeartbeatHistory:
    """The heartbeats in one database. Raises HistoryError when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, location: str) -> None:
        """Records that the service at a location runs."""
        self._record(location, stopped=False)

    def stop(self, location: str) -> None:
        """Records that a person stopped the service at a location."""
        self._record(location, stopped=True)

    def _record(self, location: str, *, stopped: bool) -> None:
        with self._database.write() as connection:
            values = {"at": self._database.now(connection), "stopped": stopped}
            upsert = insert_of(connection)(heartbeats).values(location=location, **values)
            connection.execute(upsert.on_conflict_do_update(index_elements=["location"], set_=values))

    def others(self, *locations: str) -> list[tuple[str, timedelta]]:
        """Returns all other locations, each with the time since its last heartbeat."""
        with self._database.read() as connection:
            now = self._database.now(connection)
            rows = connection.execute(select(heartbeats).where(heartbeats.c.location.not_in(locations))).all()
            return [(row.location, now - row.at) for row in rows]

    def worked(self, location: str, since: datetime) -> PlannedWork:
        """Returns the work at a location since a moment."""
        with self._database.read() as connection:
            now = self._database.now(connection)
            due = (slots.c.location == location) & (slots.c.due_at >= since) & (slots.c.due_at < now)
            done = slots.c.state.in_((SlotState.RAN, SlotState.LATE, SlotState.SKIPPED))
            found = connection.execute(select(func.count(), func.count().filter(done)).where(due)).one()
            at_work = slots.c.state == SlotState.RUNNING
            recent = (slots.c.location == location) & (slots.c.due_at >= now - LONGEST_RUN) & (slots.c.due_at <= now)
            running = connection.execute(select(func.count()).where(recent & at_work)).scalar_one()
            until = select(func.max(planned.c.until)).where(planned.c.location == location)
            planned_until: datetime | None = connection.execute(until).scalar_one()
            is_planned = planned_until is not None and planned_until >= now
            return PlannedWork(is_planned=is_planned, due=found[0], committed=found[1], running=running)

    def known(self) -> list[str]:
        """Returns all locations that have sent a heartbeat."""
        with self._database.read() as connection:
            return list(connection.execute(select(heartbeats.c.location)).scalars())

    def forget(self, location: str) -> None:
        """Removes a location that is no longer used."""
        with self._database.write() as connection:
            connection.execute(delete(heartbeats).where(heartbeats.c.location == location))
