"""The ledger of incidents as rows: read before a verdict is weighed, written after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    """One line of an incident's own history."""

    at: datetime
    what: str
    why: str
    run_id: str


def lock_incidents(connection: Connection) -> None:
    """Let nobody else weigh until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": INCIDENTS_LOCK})


def read_alarm_state(connection: Connection, verdict: Observation, policy: IncidentPolicy) -> AlarmState:
    """What can matter for a verdict: its journey, and incidents that are open or closed lately."""
    of_journey = read_watched(connection, watched.c.journey == verdict.journey)
    lately = verdict.at - policy.open_again_within
    matter = incidents.c.closed_at.is_(None) | (incidents.c.closed_at >= lately)
    rows = connection.execute(select(incidents.c.story).where(matter).order_by(incidents.c.number)).scalars()
    found = {incident.number: incident for incident in map(incident_of, rows)}
    last = connection.execute(select(func.max(incidents.c.number))).scalar_one()
    return AlarmState(watched=of_journey, incidents=found, next_number=(last or 0) + 1)


def read_watched(connection: Connection, which: ColumnElement[bool]) -> dict[tuple[Track, str], TrackedJourney]:
    """How journeys are, on both tracks."""
    rows = connection.execute(select(watched).where(which))
    return {
        (Track(row.track), row.journey): TrackedJourney(
            health=_HEALTH.validate_python(row.health, strict=False), incident=row.incident
        )
        for row in rows
    }


def incident_of(story: Mapping[str, Any]) -> Incident:
    """An incident from its column."""
    symptoms = [_symptom(row) for row in story.get("symptoms", ())]
    return _INCIDENT.validate_python({**story, "symptoms": symptoms}, strict=False)


def _symptom(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A symptom of a story. One that was written before the field `part` has only its name, kind and all."""
    if "part" in row:
        return row
    kind, _, name = row["journey"].partition(" ")
    return {**row, "part": {"kind": kind, "name": name} if name and kind in set(PartKind) else None}


def write_alarm_state(connection: Connection, before: AlarmState, after: AlarmState) -> None:
    """Write down what has changed."""
    _write_watched(connection, before, after)
    for number, incident in after.incidents.items():
        if before.incidents.get(number) is not incident:
            _write_incident(connection, incident, before.incidents.get(number))


def append_log(connection: Connection, incident: int, entry: IncidentLogEntry) -> None:
    """Add a line to an incident's history."""
    given = {"at": entry.at, "what": entry.what, "why": entry.why, "run_id": entry.run_id}
    connection.execute(insert(incident_log).values(incident=incident, **given))


def read_log(connection: Connection, incident: int) -> tuple[IncidentLogEntry, ...]:
    """An incident's history, in order."""
    lines = select(incident_log).where(incident_log.c.incident == incident).order_by(incident_log.c.id)
    return tuple(
        IncidentLogEntry(at=line.at, what=line.what, why=line.why, run_id=line.run_id)
        for line in connection.execute(lines)
    )


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
            "health": _HEALTH.dump_python(one.health, mode="json"),
            "incident": one.incident,
        }
        for (track, journey), one in after.watched.items()
        if before.watched.get((track, journey)) != one
    ]
    if changed:
        connection.execute(upsert, changed)


def _write_incident(connection: Connection, incident: Incident, before: Incident | None) -> None:
    given: dict[str, object] = {
        "subject": incident.subject,
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "openings": incident.openings,
        "story": _INCIDENT.dump_python(incident, mode="json"),
    }
    if before is None:
        connection.execute(insert(incidents).values(number=incident.number, **given))
        return
    if before.openings != incident.openings:  # Whoever had it in hand had the last opening in hand.
        given |= {"acknowledged_at": None, "acknowledged_until": None, "acknowledged_by": "", "why": ""}
    connection.execute(update(incidents).where(incidents.c.number == incident.number).values(**given))
