"""Incidents in history: an observation and all that follows from it are written in the transaction of its run.

One writer at a time changes incidents (SQLite has one by itself, PostgreSQL takes a lock), so that two locations that
see the same failure open one incident. The decision is a pure function (`alarms/rules/advance.py`,
`alarms/routing.py`) of the rows that are read here; notices are only put into the outbox, not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from firstbell.errors import FirstBellError
from firstbell.runner.alarms.incident import (
    PROBE_SUBJECT,
    AlarmState,
    Incident,
    IncidentChange,
    IncidentEvent,
    TrackedJourney,
    until_back,
)
from firstbell.runner.alarms.observation import Observation, PartOutcome, Track
from firstbell.runner.alarms.part import Part, channel
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import IncidentStatus, notices_due
from firstbell.runner.alarms.rules.advance import advance, stop_watching
from firstbell.runner.alarms.rules.by_hand import close_by_hand
from firstbell.runner.diagnosis.location import HERE
from firstbell.runner.history.alarms import incident_rows
from firstbell.runner.history.alarms.enqueue import drop_drafts, sent_notices, write_notices
from firstbell.runner.history.alarms.incident_rows import IncidentLogEntry
from firstbell.runner.history.alarms.missed_slots import mark_all_but_last
from firstbell.runner.history.alarms.run_observation import observation_of
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
    """An incident with its acknowledgement, the reason for that (`why`), and its history."""

    status: IncidentStatus
    why: str = ""
    log: tuple[IncidentLogEntry, ...] = ()

    @property
    def incident(self) -> Incident:
        """The incident itself."""
        return self.status.incident


class IncidentService:
    """The incidents of one database. Methods without a connection raise HistoryError when it cannot be reached."""

    def __init__(self, database: Database, policy: AlarmPolicy) -> None:
        self._database = database
        self.policy = policy

    def record_observation(self, connection: Connection, observation: Observation) -> None:
        """Writes the changes that an observation makes, and the notices that are owed for them."""
        incident_rows.lock_incidents(connection)
        before = incident_rows.read_alarm_state(connection, observation, self.policy.incidents)
        before = before.set_back(observation.at, self._database.now(connection))
        after, changes = advance(before, observation, self.policy.incidents)
        self._write(connection, observation, before, after, changes)

    def record_run(self, connection: Connection, run: RunRow) -> None:
        """Records what a run says."""
        self.record_observation(connection, observation_of(run, degraded_counts=self.policy.degraded_counts))

    def record_missed_slots(self, location: str) -> int:
        """Records the missed slots of a location, only the last few of each journey; returns their count."""
        missed = (slots.c.weighed.is_(False)) & (slots.c.state == SlotState.MISSED) & (slots.c.location == location)
        count, batches = mark_all_but_last(self._database, missed, self.policy.incidents.unseen)
        for batch in batches:
            with self._database.write() as connection:
                incident_rows.lock_incidents(connection)
                weigh = update(slots).where(missed, slots.c.id.in_(batch)).values(weighed=True)
                returned = connection.execute(weigh.returning(slots.c.journey, slots.c.due_at, slots.c.why))
                for row in sorted(returned, key=lambda row: (row.journey, row.due_at)):
                    given = {"location": location, "at": row.due_at, "problem": in_words(row.why)}
                    self.record_observation(
                        connection, Observation(journey=row.journey, outcome=Outcome.MISSED, **given)
                    )
        return count

    def record_channel(self, connection: Connection, address: str, problem: str) -> None:
        """Records that the channel of an address fails; with an empty problem, that it works."""
        self._record_part(connection, channel(address), problem)

    def record_part(self, part: Part, problem: str) -> None:
        """Records that a part of First Bell fails; with an empty problem, that it works."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            self._record_part(connection, part, problem)

    def _record_part(self, connection: Connection, part: Part, problem: str) -> None:
        if problem or self._has_open_incident(connection, part):
            outcome = PartOutcome.FAILING if problem else PartOutcome.WORKING
            subject = {"journey": str(part), "part": part, "location": PROBE_SUBJECT}
            at = self._database.now(connection)
            self.record_observation(connection, Observation(at=at, outcome=outcome, problem=problem, **subject))  # type: ignore[arg-type]

    def drop_unwatched(self, is_watched: Callable[[str, Set[str]], bool]) -> None:
        """Ends the symptoms of journeys that are no longer watched, which would never be seen to pass. `is_watched` is
        called with a journey and the locations that have seen it."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            broken = incident_rows.read_watched(connection, watched.c.incident != 0)
            gone = {name for (_, name), tracked in broken.items() if not is_watched(name, set(tracked.health.places))}
            for journey in sorted(gone):
                self._stop_watching(connection, journey)

    def drop_location(self, location: str) -> None:
        """Drops the results of a location that is no longer watched, and would never see anything pass."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            tracked = incident_rows.read_watched(connection, watched.c.journey.is_not(None))
            for journey in sorted({name for (_, name), seen in tracked.items() if location in seen.health.places}):
                self._stop_watching(connection, journey, location)

    def _stop_watching(self, connection: Connection, journey: str, location: str = "") -> None:
        at = self._database.now(connection)
        end = Observation(journey=journey, location=location or HERE, at=at, outcome=PartOutcome.REMOVED)
        before = incident_rows.read_alarm_state(connection, end, self.policy.incidents)
        self._write(connection, end, before, *stop_watching(before, journey, at, location))

    def enqueue_due_notices(self, watching_since: Mapping[str, datetime] | None = None) -> int:
        """Enqueues the notices that have become due: a silence has ended, a reminder is due, an incident was not
        acknowledged in time. An incident that no location has seen to fail since its watch began waits for a look;
        without these times none waits. Returns their count."""
        open_numbers = select(incidents.c.number).where(incidents.c.closed_at.is_(None))
        with self._database.read() as connection:
            if connection.execute(open_numbers.limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            still_open = self._open_incidents(connection).values()
            seen = [one for one in still_open if watching_since is None or one.is_seen(watching_since)]
            return sum(self._enqueue_notices(connection, one.number, now) for one in seen)

    def acknowledge(self, number: int, *, by: str, why: str = "", until: datetime | None = None) -> IncidentDetails:
        """Records that a person works on an open incident, for good or until a moment. Raises NoSuchIncident."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            values = {"acknowledged_at": now, "acknowledged_until": until, "acknowledged_by": by, "why": why}
            still_open = (incidents.c.number == number) & incidents.c.closed_at.is_(None)
            if connection.execute(update(incidents).where(still_open).values(**values)).rowcount != 1:
                raise NoSuchIncident(f"no open incident has the number {number}; list them with: firstbell incidents")
            what, reason = "snoozed" if until else "acknowledged", f"by {by}" + (f": {why}" if why else "")
            incident_rows.append_log(connection, number, IncidentLogEntry(at=now, what=what, why=reason, run_id=""))
            self._enqueue_notices(connection, number, now)
            return self._details(connection, number)

    def close(self, number: int, *, by: str, why: str) -> IncidentDetails:
        """Closes an open incident that a person knows to be over, and tells those who were told of it. Raises
        NoSuchIncident."""
        with self._database.write() as connection:
            incident_rows.lock_incidents(connection)
            now = self._database.now(connection)
            details = self._details(connection, number)
            if not details.incident.is_open:
                raise NoSuchIncident(f"incident {number} is closed already; see: firstbell incidents --open")
            before = AlarmState(
                watched=incident_rows.read_watched(connection, watched.c.incident == number),
                incidents=self._open_incidents(connection),
            )
            after, change = close_by_hand(before, number, now, by=by, why=why)
            incident_rows.write_alarm_state(connection, before, after)
            entry = IncidentLogEntry(at=now, what=change.event.value, why=f"by {by}: {why}", run_id="")
            incident_rows.append_log(connection, number, entry)
            drop_drafts(connection, number)
            self._enqueue_notices(connection, number, now)
            return self._details(connection, number)

    def find(self, number: int) -> IncidentDetails:
        """Returns an incident, with its history. Raises NoSuchIncident."""
        with self._database.read() as connection:
            return self._details(connection, number)

    def recent(self, limit: int, *, only_open: bool = False) -> list[IncidentDetails]:
        """Returns incidents, the open ones first, then the latest."""
        query = select(incidents).order_by(incidents.c.closed_at.is_not(None), incidents.c.number.desc()).limit(limit)
        if only_open:
            query = query.where(incidents.c.closed_at.is_(None))
        with self._database.read() as connection:
            now = self._database.now(connection)
            return [self._details_of_row(row, now) for row in connection.execute(query).mappings()]

    def watched(self) -> dict[tuple[Track, str], TrackedJourney]:
        """Returns the health of every journey, on both tracks."""
        with self._database.read() as connection:
            return incident_rows.read_watched(connection, watched.c.journey.is_not(None))

    def _write(
        self,
        connection: Connection,
        observation: Observation,
        before: AlarmState,
        after: AlarmState,
        changes: tuple[IncidentChange, ...],
    ) -> None:
        incident_rows.write_alarm_state(connection, before, after)
        for change in changes:
            if change.event is not IncidentEvent.NOTHING_NEW and change.incident is not None:
                number = change.incident.number
                said = change.reason.value
                if change.event is IncidentEvent.BLOCKED:
                    said = until_back(observation.service)
                why = f"{observation.journey} at {observation.location}: {said}"
                entry = IncidentLogEntry(at=observation.at, what=change.event.value, why=why, run_id=observation.run_id)
                incident_rows.append_log(connection, number, entry)
                if change.event in (IncidentEvent.CLOSED, IncidentEvent.OPENED_AGAIN):
                    drop_drafts(connection, number)
                # Whatever else becomes due by the time waits for a look at the symptoms that go on.
                if change.event not in (IncidentEvent.SYMPTOM_ENDED, IncidentEvent.SYMPTOM_RETIRED):
                    self._enqueue_notices(connection, number, self._database.now(connection))

    def _enqueue_notices(self, connection: Connection, number: int, now: datetime) -> int:
        status = self._details(connection, number).status
        silences = [*active_silences(connection, now), *self.policy.announced(now)]
        due = notices_due(status, self.policy.routes, sent_notices(connection, number), silences, now)
        return write_notices(connection, due, status, self.policy, now)

    def _details(self, connection: Connection, number: int) -> IncidentDetails:
        row = connection.execute(select(incidents).where(incidents.c.number == number)).mappings().one_or_none()
        if row is None:
            raise NoSuchIncident(f"no incident has the number {number}; list them with: firstbell incidents")
        details = self._details_of_row(row, self._database.now(connection))
        return replace(details, log=incident_rows.read_log(connection, number))

    def _details_of_row(self, row: Any, now: datetime) -> IncidentDetails:
        incident = incident_rows.incident_of(row["story"])
        status = IncidentStatus(
            incident=incident,
            severity=self.policy.severity(incident, now),
            acknowledged_at=row["acknowledged_at"],
            acknowledged_until=row["acknowledged_until"],
            acknowledged_by=row["acknowledged_by"],
            acknowledged_why=row["why"],
        )
        return IncidentDetails(status=status, why=row["why"])

    @staticmethod
    def _open_incidents(connection: Connection) -> dict[int, Incident]:
        stories = connection.execute(select(incidents.c.story).where(incidents.c.closed_at.is_(None))).scalars()
        return {incident.number: incident for incident in map(incident_rows.incident_of, stories.all())}

    @staticmethod
    def _has_open_incident(connection: Connection, part: Part) -> bool:
        of_part = (watched.c.track == Track.VISIBILITY.value) & (watched.c.journey == str(part))
        query = select(watched.c.journey).where(of_part & (watched.c.incident != 0))
        return connection.execute(query).first() is not None
