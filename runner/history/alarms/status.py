"""How everything is at the moment, read from history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, func, select

from firstbell.runner.alarms.incident import TrackedJourney
from firstbell.runner.alarms.observation import Track
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.status import JourneyStatus, Status
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.alarms import heartbeats, notifications
from firstbell.runner.history.tables.runs import runs

# What has not run for so long is no longer part of how things are.
PAST = timedelta(days=2)


def status_of(database: Database, incidents: IncidentService, places: Sequence[str], silent_after_s: float) -> Status:
    """The status, for a service that watches at some places: as of the one not heard of for longest. Raises
    HistoryError."""
    standing = [told.standing for told in incidents.recent(100, only_open=True)]
    watched = incidents.watched()
    by_number = {one.incident.number: one.incident.subject for one in standing}
    with database.read() as connection:
        now = database.now(connection)
        beats = dict(connection.execute(select(heartbeats.c.location, heartbeats.c.at)).tuples().all())
        never = [place for place in places if place not in beats]
        location = never[0] if never else min(places, key=lambda place: beats[place])
        waiting = notifications.c.state == DeliveryState.WAITING.value
        oldest = connection.execute(select(func.min(notifications.c.made_at)).where(waiting)).scalar()
        dead = notifications.c.state == DeliveryState.DEAD.value
        given_up = connection.execute(select(func.count()).select_from(notifications).where(dead)).scalar_one()
        latest = _latest(connection, watched, by_number)
    return Status(
        at=now,
        location=location,
        journeys=[one for one in latest if now - one.at <= PAST],
        incidents=standing,
        heard=beats.get(location),
        silent_after=timedelta(seconds=silent_after_s),
        waiting_since=oldest,
        dead=given_up,
    )


def _latest(
    connection: Connection, watched: dict[tuple[Track, str], TrackedJourney], subjects: dict[int, str]
) -> list[JourneyStatus]:
    """The last run of each journey at each location, and what is known to be wrong with it."""
    found = []
    none = TrackedJourney()
    for journey, places in _places(watched).items():
        for location in places:
            this = (runs.c.journey == journey) & (runs.c.location == location)
            wanted = select(runs.c.outcome, runs.c.started_at, runs.c.took_s).where(this)
            row = connection.execute(wanted.order_by(runs.c.started_at.desc()).limit(1)).one_or_none()
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
                )
            )
    return sorted(found, key=lambda one: (one.journey, one.location))


def _places(watched: dict[tuple[Track, str], TrackedJourney]) -> dict[str, list[str]]:
    """The locations that have looked at each journey."""
    places: dict[str, set[str]] = {}
    for (_, journey), one in watched.items():
        if " " not in journey:
            places.setdefault(journey, set()).update(one.health.places)
    return {journey: sorted(found) for journey, found in places.items()}
