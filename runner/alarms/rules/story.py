"""The incident that a failure belongs to: an open one, the same failure that closed lately, or a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from firstbell.runner.alarms.incident import (
    UNKNOWN_SERVICE,
    AlarmState,
    Incident,
    IncidentEvent,
    IncidentPolicy,
    Symptom,
)
from firstbell.runner.alarms.journey_health import Health
from firstbell.runner.alarms.observation import Observation


def open_incident(
    state: AlarmState, subject: str, observation: Observation, health: Health, policy: IncidentPolicy
) -> tuple[Incident, IncidentEvent]:
    """Returns the incident that a failure belongs to: an open one, one that has just closed, or a new one."""
    symptom = Symptom(
        journey=observation.journey,
        since=health.failing_since(subject) or observation.at,
        locations=health.broken_by(subject) or (observation.location,),
        actor=observation.actor,
        step=observation.step,
        said=observation.problem,
        run_id=observation.run_id,
        part=observation.part,
        failed_at={observation.location: observation.at},
        occurrence=1 + observation.passed_steps.get((observation.actor, observation.step), 0),
    )
    same = [incident for incident in state.incidents.values() if _is_same_story(incident, subject, observation)]
    if already_open := [incident for incident in same if incident.is_open]:
        last = already_open[-1]
        if any(one.is_current(observation.journey) for one in last.symptoms):
            return with_locations(last, observation.journey, health)
        known = _known_places(last, symptom.journey, observation.at - policy.open_again_within)
        news = [f"{symptom.journey} at {location}" for location in symptom.locations if location not in known]
        return replace(last, symptoms=(*last.symptoms, symptom), news=(*last.news, *news)), IncidentEvent.JOINED
    earliest = observation.at - policy.open_again_within
    if just_closed := [
        incident
        for incident in same
        if incident.closed_at and incident.closed_at >= earliest and _is_same_failure(incident, observation)
    ]:
        last = just_closed[-1]
        again = {"openings": last.openings + 1, "begins": len(last.symptoms), "symptoms": (*last.symptoms, symptom)}
        return replace(last, closed_at=None, closed_by="", closed_why="", **again), IncidentEvent.OPENED_AGAIN  # type: ignore[arg-type]
    owner, number = observation.owner, state.next_number
    new = Incident(number=number, subject=subject, owner=owner, opened_at=observation.at, symptoms=(symptom,))
    return new, IncidentEvent.OPENED


def _is_same_story(incident: Incident, subject: str, observation: Observation) -> bool:
    """True if a failure belongs to an incident. Failures of unknown cause do only if their journey, or their step and
    its words, are the same."""
    if incident.subject != subject:
        return False
    failure = (observation.step, observation.problem)
    return subject != UNKNOWN_SERVICE or any(
        symptom.journey == observation.journey or (symptom.step, symptom.said) == failure
        for symptom in incident.symptoms
    )


def _is_same_failure(incident: Incident, observation: Observation) -> bool:
    """True if the last opening of an incident had the failure that is seen now: the same part, step or words. An
    incident that opened "2 times" would otherwise join two causes."""

    def is_same(symptom: Symptom) -> bool:
        if symptom.part is not None or observation.part is not None:
            return symptom.part == observation.part
        if observation.problem and symptom.said == observation.problem:
            return True
        step = (observation.actor, observation.step)
        return (symptom.actor, symptom.step) == step and (bool(symptom.step) or symptom.journey == observation.journey)

    return any(is_same(symptom) for symptom in incident.symptoms[incident.begins :])


def _known_places(incident: Incident, journey: str, earliest: datetime) -> set[str]:
    """Returns the locations where a journey is a symptom, or was one lately."""
    return {
        location
        for symptom in incident.symptoms
        if symptom.journey == journey and (symptom.ended_at is None or symptom.ended_at >= earliest)
        for location in symptom.locations
    }


def with_locations(incident: Incident, journey: str, health: Health) -> tuple[Incident, IncidentEvent]:
    """Returns the incident with the locations that see the same failure now at the journey's symptom, and whether it
    has spread to another."""
    broken = health.broken_by(incident.subject)
    known = {place for one in incident.symptoms if one.is_current(journey) for place in one.locations}
    news = [f"{journey} at {location}" for location in broken if location not in known]
    symptoms = tuple(
        replace(symptom, locations=tuple(sorted({*symptom.locations, *broken})))
        if symptom.is_current(journey)
        else symptom
        for symptom in incident.symptoms
    )
    event = IncidentEvent.SPREAD if news else IncidentEvent.NOTHING_NEW
    return replace(incident, symptoms=symptoms, news=(*incident.news, *news)), event
