"""The end of an incident that a person closes: its journeys begin anew, so that one that still fails opens it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from firstbell.runner.alarms.incident import AlarmState, Incident, IncidentChange, IncidentEvent, TrackedJourney
from firstbell.runner.alarms.journey_health import HealthReason


def close_by_hand(
    state: AlarmState, number: int, at: datetime, *, by: str, why: str
) -> tuple[AlarmState, IncidentChange]:
    """Returns the state without an open incident, and the change. Raises KeyError if there is none of that number."""
    incident = state.incidents[number]
    symptoms = tuple(one if one.ended_at else replace(one, ended_at=at, is_by_hand=True) for one in incident.symptoms)
    closed = replace(incident, symptoms=symptoms, closed_at=at, closed_by=by, closed_why=why)
    others = [one for one in state.incidents.values() if one.is_open and one.number != number]
    watched = {
        (track, journey): _without(tracked, journey, others) if tracked.incident == number else tracked
        for (track, journey), tracked in state.watched.items()
    }
    state = replace(state, watched=watched, incidents={**state.incidents, number: closed})
    return state, IncidentChange(event=IncidentEvent.CLOSED_BY_HAND, reason=HealthReason.BY_HAND, incident=closed)


def _without(tracked: TrackedJourney, journey: str, others: list[Incident]) -> TrackedJourney:
    """Returns a journey without its incident. One that waits in another for a look at its service keeps its health:
    a new one would end that incident unseen."""
    waiting = [one.number for one in others if any(symptom.is_current(journey) for symptom in one.symptoms)]
    return replace(tracked, incident=waiting[0]) if waiting else TrackedJourney()
