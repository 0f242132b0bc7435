"""Incidents in history: a verdict is weighed, and what follows from it is written, in the transaction of its run.

One writer at a time weighs (SQLite has one by itself, PostgreSQL takes a lock), so that two locations that see the same
failure open one incident. What is decided is a pure function (`alarms/incident.py`, `alarms/routing.py`) of what is
read here; nothing is sent from here, notices only come to lie in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from firstbell.errors import FirstBellError
from firstbell.runner.alarms.incident import (
    PROBE_SUBJECT,
    UNKNOWN_SERVICE,
    AlarmState,
    Incident,
    IncidentChange,
    IncidentEvent,
    TrackedJourney,
    advance,
    retire,
)
from firstbell.runner.alarms.observation import Observation, PartOutcome, Track
from firstbell.runner.alarms.part import Part
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import IncidentStatus, notices_due
from firstbell.runner.diagnosis.location import HERE
from firstbell.runner.history.alarms import incident_rows
from firstbell.runner.history.alarms.enqueue import drop_drafts, sent_of, write_notices
from firstbell.runner.history.alarms.incident_rows import IncidentLogEntry
from firstbell.runner.history.alarms.silences import active_silences
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.tables.alarms import incidents, watched
from firstbell.runner.history.tables.runs import slots
from firstbell.runner.outcome import Outcome
from firstbell.runner.schedule.slot_state import SlotState, in_words


class NoSuchIncident(FirstBellError):
    """No incident has that number; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDetails:
    """An incident with what people did about it."""

    standing: IncidentStatus
    why: str = ""
    log: tuple[IncidentLogEntry, ...] = ()

    @property
    def incident(self) -> Incident:
        """The incident itself."""
        return self.standing.incident


def observation_of(run: RunRow, *, degraded_counts: bool = False) -> Observation:
    """What a run says. It was confirmed if it was played again and failed again. One that passed and was degraded says
    that it did not pass, where that is to count; it has been measured, and needs no second look."""
    is_failure = run.outcome == Outcome.FAILED
    verdict = Observation(
        journey=run.journey,
        location=run.location,
        at=run.ended_at,
        outcome=Outcome(run.outcome),
        confirmed=is_failure and len(run.attempts) > 1,
        service=(run.service or UNKNOWN_SERVICE) if is_failure else "",
        owner=run.owner,
        actor=run.actor,
        step=run.step,
        said=run.said,
        run_id=run.id,
        is_private=run.is_private,
    )
    if not (degraded_counts and run.degraded):
        return verdict
    said, service = f"degraded: {run.degraded}", run.service or UNKNOWN_SERVICE
    return replace(
        verdict, outcome=Outcome.FAILED, confirmed=True, service=service, step="works as it should", said=said
    )


class IncidentService:
    """The incidents of one database. Methods without a connection raise HistoryError when it is away."""

    def __init__(self, database: Database, terms: AlarmPolicy) -> None:
        self._database = database
        self.terms = terms

    def weigh(self, connection: Connection, verdict: Observation) -> None:
        """What a verdict changes, written down with the notices that people are owed for it."""
        incident_rows.lock_incidents(connection)
        before = incident_rows.read_alarm_state(connection, verdict, self.terms.policy)
        after, changes = advance(before, verdict, self.terms.policy)
        self._settle(connection, verdict, before, after, changes)

    def observe_run(self, connection: Connection, run: RunRow) -> None:
        """Weigh what a run says."""
        self.weigh(connection, observation_of(run, degraded_counts=self.terms.degraded_counts))

    def observe_missed(self, location: str) -> int:
        """Weigh the slots of a location that ended without a run, the last few of each journey; how many there were."""
        unweighed = (slots.c.weighed.is_(False)) & (slots.c.state == SlotState.MISSED) & (slots.c.location == location)
        wanted = select(slots.c.journey, slots.c.due_at, slots.c.why).where(unweighed).order_by(slots.c.due_at)
        with self._database.read() as connection:
            if connection.execute(wanted.limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            rows = connection.execute(wanted).all()
            connection.execute(update(slots).where(unweighed).values(weighed=True))
            for journey in {row.journey for row in rows}:
                for row in [row for row in rows if row.journey == journey][-self.terms.policy.unseen :]:
                    given = {"journey": journey, "location": location, "at": row.due_at, "said": in_words(row.why)}
                    self.weigh(connection, Observation(outcome=Outcome.MISSED, **given))
        return len(rows)

    def hear(self, connection: Connection, part: Part, said: str) -> None:
        """Weigh what was heard of a part of First Bell: what is wrong with it, or nothing when it is well."""
        if said or self._has_open_incident(connection, part):
            outcome, now = PartOutcome.SILENT if said else PartOutcome.HEARD, self._database.now(connection)
            self.weigh(
                connection,
                Observation(journey=str(part), part=part, location=PROBE_SUBJECT, at=now, outcome=outcome, said=said),
            )

    def set_component_status(self, part: Part, said: str) -> None:
        """The same by itself."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            self.hear(connection, part, said)

    def retire(self, is_watched: Callable[[str, Set[str]], bool]) -> None:
        """End the symptoms of what is not watched any more: nobody would ever see it pass. `is_watched` is asked with a
        name and the locations that have seen it."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            troubled = incident_rows.read_watched(connection, watched.c.incident != 0)
            gone_ones = {name for (_, name), one in troubled.items() if not is_watched(name, set(one.health.places))}
            for journey in sorted(gone_ones):
                self._retire(
                    connection, Observation(journey=journey, location=HERE, at=now, outcome=PartOutcome.RETIRED)
                )

    def give_up(self, location: str) -> None:
        """Go on without what was last seen from a location: it looks no more, and would never see anything pass."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            seen = incident_rows.read_watched(connection, watched.c.journey.is_not(None))
            for journey in sorted({name for (_, name), one in seen.items() if location in one.health.places}):
                gone = Observation(journey=journey, location=location, at=now, outcome=PartOutcome.RETIRED)
                self._retire(connection, gone, location)

    def _retire(self, connection: Connection, gone: Observation, location: str = "") -> None:
        before = incident_rows.read_alarm_state(connection, gone, self.terms.policy)
        self._settle(connection, gone, before, *retire(before, gone.journey, gone.at, location))

    def look_again(self) -> int:
        """Owe whoever is owed by now: a silence has ended, a reminder is due, nobody has acknowledged. How many."""
        open_ones = select(incidents.c.number).where(incidents.c.closed_at.is_(None))
        with self._database.read() as connection:
            if connection.execute(open_ones.limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            return sum(
                self._enqueue_notices(connection, number, now)
                for number in connection.execute(open_ones).scalars().all()
            )

    def acknowledge(self, number: int, *, by: str, why: str = "", until: datetime | None = None) -> IncidentDetails:
        """Somebody has it in hand, for good or until a moment. Raises NoSuchIncident."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            given = {"acknowledged_at": now, "acknowledged_until": until, "acknowledged_by": by, "why": why}
            still_open = (incidents.c.number == number) & incidents.c.closed_at.is_(None)
            if connection.execute(update(incidents).where(still_open).values(**given)).rowcount != 1:
                raise NoSuchIncident(f"no open incident has the number {number}; list them with: firstbell incidents")
            what, said = "snoozed" if until else "acknowledged", f"by {by}" + (f": {why}" if why else "")
            incident_rows.append_log(connection, number, IncidentLogEntry(at=now, what=what, why=said, run_id=""))
            self._enqueue_notices(connection, number, now)
            return self._told(connection, number)

    def find(self, number: int) -> IncidentDetails:
        """An incident, with its history. Raises NoSuchIncident."""
        with self._database.read() as connection:
            return self._told(connection, number)

    def recent(self, limit: int, *, only_open: bool = False) -> list[IncidentDetails]:
        """Incidents, the open ones first, then the latest."""
        wanted = select(incidents).order_by(incidents.c.closed_at.is_not(None), incidents.c.number.desc()).limit(limit)
        if only_open:
            wanted = wanted.where(incidents.c.closed_at.is_(None))
        with self._database.read() as connection:
            now = self._database.now(connection)
            return [self._told_of(row, now) for row in connection.execute(wanted).mappings()]

    def watched(self) -> dict[tuple[Track, str], TrackedJourney]:
        """How every journey is, on both tracks."""
        with self._database.read() as connection:
            return incident_rows.read_watched(connection, watched.c.journey.is_not(None))

    def _settle(
        self,
        connection: Connection,
        verdict: Observation,
        before: AlarmState,
        after: AlarmState,
        changes: tuple[IncidentChange, ...],
    ) -> None:
        incident_rows.write_alarm_state(connection, before, after)
        for change in changes:
            if change.turn is not IncidentEvent.NOTHING_NEW and change.incident is not None:
                why = f"{verdict.journey} at {verdict.location}: {change.reason.value}"
                entry = IncidentLogEntry(at=verdict.at, what=change.turn.value, why=why, run_id=verdict.run_id)
                incident_rows.append_log(connection, change.incident.number, entry)
                if change.turn in (IncidentEvent.CLOSED, IncidentEvent.OPENED_AGAIN):
                    drop_drafts(connection, change.incident.number)
                self._enqueue_notices(connection, change.incident.number, self._database.now(connection))

    def _enqueue_notices(self, connection: Connection, number: int, now: datetime) -> int:
        told = self._told(connection, number)
        held_back = [*active_silences(connection, now), *self.terms.announced(now)]
        due = notices_due(told.standing, self.terms.routes, sent_of(connection, number), held_back, now)
        return write_notices(connection, due, told.standing, self.terms, now)

    def _told(self, connection: Connection, number: int) -> IncidentDetails:
        row = connection.execute(select(incidents).where(incidents.c.number == number)).mappings().one_or_none()
        if row is None:
            raise NoSuchIncident(f"no incident has the number {number}; list them with: firstbell incidents")
        return replace(
            self._told_of(row, self._database.now(connection)), log=incident_rows.read_log(connection, number)
        )

    def _told_of(self, row: Any, now: datetime) -> IncidentDetails:
        incident = incident_rows.incident_of(row["story"])
        standing = IncidentStatus(
            incident=incident,
            severity=self.terms.severity(incident, now),
            acknowledged_at=row["acknowledged_at"],
            acknowledged_until=row["acknowledged_until"],
            acknowledged_by=row["acknowledged_by"],
        )
        return IncidentDetails(standing=standing, why=row["why"])

    @staticmethod
    def _has_open_incident(connection: Connection, part: Part) -> bool:
        this = (
            (watched.c.track == Track.VISIBILITY.value) & (watched.c.journey == str(part)) & (watched.c.incident != 0)
        )
        return connection.execute(select(watched.c.journey).where(this)).first() is not None
