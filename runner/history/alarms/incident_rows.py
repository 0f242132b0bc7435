"""Rows of incidents and watched journeys: read before an observation is applied, written after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, func, insert, select, text, update

from firstbell.runner.alarms.incident import AlarmState, Incident, IncidentPolicy, TrackedJourney
from firstbell.runner.alarms.journey_health import Health
from firstbell.runner.alarms.observation import Observation, Track
from firstbell.runner.alarms.part import PartKind
from firstbell.runner.history.tables.alarms import incident_log, incidents, watched
from firstbell.runner.history.upsert import insert_of

INCIDENTS_LOCK = 0x46425F33

_INCIDENT = TypeAdapter(Incident)
_HEALTH = TypeAdapter(Health)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLogEntry:
    """One entry of an incident's history."""

    at: datetime
    what: str
    why: str
    run_id: str


def lock_incidents(connection: Connection) -> None:
    """Locks incidents against other writers until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": INCIDENTS_LOCK})


def read_alarm_state(connection: Connection, observation: Observation, policy: IncidentPolicy) -> AlarmState:
    """Reads the state that an observation can change: its journey, and incidents that are open or closed lately."""
    of_journey = read_watched(connection, watched.c.journey == observation.journey)
    earliest = observation.at - policy.open_again_within
    relevant = incidents.c.closed_at.is_(None) | (incidents.c.closed_at >= earliest)
    rows = connection.execute(select(incidents.c.story).where(relevant).order_by(incidents.c.number)).scalars()
    found = {incident.number: incident for incident in map(incident_of, rows)}
    last = connection.execute(select(func.max(incidents.c.number))).scalar_one()
    return AlarmState(watched=of_journey, incidents=found, next_number=(last or 0) + 1)


def read_watched(connection: Connection, which: ColumnElement[bool]) -> dict[tuple[Track, str], TrackedJourney]:
    """Reads the health of journeys, on both tracks."""
    rows = connection.execute(select(watched).where(which))
    return {
        (Track(row.track), row.journey): TrackedJourney(
            health=_HEALTH.validate_python(row.health, strict=False), incident=row.incident
        )
        for row in rows
    }


def incident_of(story: Mapping[str, Any]) -> Incident:
    """Returns the incident of a stored story."""
    symptoms = [_symptom(row) for row in story.get("symptoms", ())]
    return _INCIDENT.validate_python({**story, "symptoms": symptoms}, strict=False)


def _symptom(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a symptom of a story. One written before the field `part` existed has the part in its name."""
    if "part" in row:
        return row
    kind, _, name = row["journey"].partition(" ")
    return {**row, "part": {"kind": kind, "name": name} if name and kind in set(PartKind) else None}


def write_alarm_state(connection: Connection, before: AlarmState, after: AlarmState) -> None:
    """Writes the changes between two states."""
    _write_watched(connection, before, after)
    for number, incident in after.incidents.items():
        if before.incidents.get(number) is not incident:
            _write_incident(connection, incident, before.incidents.get(number))


def append_log(connection: Connection, incident: int, entry: IncidentLogEntry) -> None:
    """Appends an entry to an incident's history."""
    connection.execute(insert(incident_log).values(incident=incident, **asdict(entry)))


def read_log(connection: Connection, incident: int) -> tuple[IncidentLogEntry, ...]:
    """Reads an incident's history, in order."""
    query = select(incident_log).where(incident_log.c.incident == incident).order_by(incident_log.c.id)
    rows = connection.execute(query)
    return tuple(IncidentLogEntry(at=row.at, what=row.what, why=row.why, run_id=row.run_id) for row in rows)


def _write_watched(connection: Connection, before: AlarmState, after: AlarmState) -> None:
    upsert = insert_of(connection)(watched)
    upsert = upsert.on_conflict_do_update(
        index_elements=["track", "journey"],
        set_={"health": upsert.excluded.health, "incident": upsert.excluded.incident},
    )
    changed = [
        {
            "track": track.value,
            "journey": journey,
            "health": _HEALTH.dump_python(tracked.health, mode="json"),
            "incident": tracked.incident,
        }
        for (track, journey), tracked in after.watched.items()
        if before.watched.get((track, journey)) != tracked
    ]
    if changed:
        connection.execute(upsert, changed)


def _write_incident(connection: Connection, incident: Incident, before: Incident | None) -> None:
    values: dict[str, object] = {
        "subject": incident.subject,
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "openings": incident.openings,
        "story": _INCIDENT.dump_python(incident, mode="json"),
    }
    if before is None:
        connection.execute(insert(incidents).values(number=incident.number, **values))
        return
    if before.openings != incident.openings:  # An acknowledgement holds for one opening.
        values |= {"acknowledged_at": None, "acknowledged_until": None, "acknowledged_by": "", "why": ""}
    connection.execute(update(incidents).where(incidents.c.number == incident.number).values(**values))
