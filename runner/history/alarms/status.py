"""The status of all journeys and incidents, read from history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from firstbell.runner.alarms.incident import TrackedJourney
from firstbell.runner.alarms.observation import Track
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.status import JourneyStatus, LocationWatch, Status
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.alarms import heartbeats, notifications
from firstbell.runner.history.tables.runs import runs

# A journey that has not run for this long is left out.
CURRENT_FOR = timedelta(days=2)


def status_of(
    database: Database, incidents: IncidentService, locations: Sequence[str], silent_after_s: float
) -> Status:
    """Returns the status of some locations. Raises HistoryError."""
    open_incidents = [details.status for details in incidents.recent(100, only_open=True)]
    watched = incidents.watched()
    subjects = {status.incident.number: status.incident.subject for status in open_incidents}
    with database.read() as connection:
        now = database.now(connection)
        beats = {row.location: row for row in connection.execute(select(heartbeats))}
        waiting = notifications.c.state == DeliveryState.WAITING.value
        oldest = connection.execute(select(func.min(notifications.c.made_at)).where(waiting)).scalar()
        dead = notifications.c.state == DeliveryState.DEAD.value
        given_up = connection.execute(select(func.count()).select_from(notifications).where(dead)).scalar_one()
        latest = _latest(connection, watched, subjects)
    return Status(
        at=now,
        watches=[_watch(location, beats.get(location)) for location in locations],
        journeys=[journey for journey in latest if now - journey.at <= CURRENT_FOR],
        incidents=open_incidents,
        silent_after=timedelta(seconds=silent_after_s),
        waiting_since=oldest,
        dead=given_up,
    )


def _watch(location: str, beat: Row[Any] | None) -> LocationWatch:
    if beat is None:
        return LocationWatch(location=location, last_seen=None)
    return LocationWatch(location=location, last_seen=beat.at, is_stopped=beat.stopped)


def _latest(
    connection: Connection, watched: dict[tuple[Track, str], TrackedJourney], subjects: dict[int, str]
) -> list[JourneyStatus]:
    """Returns the last run of each journey at each location, and what breaks it."""
    found = []
    none = TrackedJourney()
    columns = (runs.c.outcome, runs.c.started_at, runs.c.took_s, runs.c.under_construction)
    for journey, locations in _with_new(connection, _locations(watched)).items():
        for location in locations:
            this = (runs.c.journey == journey) & (runs.c.location == location)
            query = select(*columns).where(this)
            row = connection.execute(query.order_by(runs.c.started_at.desc()).limit(1)).one_or_none()
            if row is None:
                continue
            broken = watched.get((Track.SERVICE, journey), none)
            unseen = watched.get((Track.VISIBILITY, journey), none)
            found.append(
                JourneyStatus(
                    journey=journey,
                    location=location,
                    outcome=row.outcome,
                    at=row.started_at,
                    took_s=row.took_s,
                    broken_by=subjects.get(broken.incident, "") if location in broken.health.broken_locations else "",
                    is_unseen=unseen.incident != 0,
                    under_construction=row.under_construction,
                )
            )
    return sorted(found, key=lambda status: (status.journey, status.location))


def _with_new(connection: Connection, watched: dict[str, list[str]]) -> dict[str, list[str]]:
    """Adds the journeys under construction: no alarm looks at them, so that they are not watched yet."""
    recent = runs.c.under_construction & (runs.c.started_at >= datetime.now(UTC) - CURRENT_FOR)
    # Without DISTINCT, for which SQLite would rather read a whole index in its order.
    new = connection.execute(select(runs.c.journey, runs.c.location).where(recent))
    found = {journey: set(locations) for journey, locations in watched.items()}
    for journey, location in new:
        found.setdefault(journey, set()).add(location)
    return {journey: sorted(locations) for journey, locations in found.items()}


def _locations(watched: dict[tuple[Track, str], TrackedJourney]) -> dict[str, list[str]]:
    """Returns the locations that have run each journey; a name with a space is that of a part of First Bell."""
    locations: dict[str, set[str]] = {}
    for (_, journey), tracked in watched.items():
        if " " not in journey:
            locations.setdefault(journey, set()).update(tracked.health.places)
    return {journey: sorted(found) for journey, found in locations.items()}
