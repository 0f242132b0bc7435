"""The change that one observation makes to incidents: a pure function of the state before it.

A symptom ends when something was seen to work: its journey passed as often as the rules ask, or the step that failed
passed in a confirmed run that failed elsewhere. A journey that fails earlier than before says nothing of the later
service, whose incident stays open; so one journey can be a symptom of several incidents.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from firstbell.runner.alarms.incident import (
    PROBE_SUBJECT,
    UNKNOWN_SERVICE,
    AlarmState,
    Incident,
    IncidentChange,
    IncidentEvent,
    IncidentPolicy,
    Symptom,
    TrackedJourney,
)
from firstbell.runner.alarms.journey_health import Health, HealthReason, HealthRules, next_health, without_location
from firstbell.runner.alarms.observation import Observation, PartOutcome, Track
from firstbell.runner.alarms.rules.story import open_incident, with_locations
from firstbell.runner.outcome import Outcome

# After a relapse one more pass is asked for, unless that would be more than these: two passes and one interval.
PASSES_AFTER_RELAPSE = 3


def advance(
    state: AlarmState, observation: Observation, policy: IncidentPolicy
) -> tuple[AlarmState, tuple[IncidentChange, ...]]:
    """Returns the state after an observation, and the changes: on the service's track, then on that of visibility."""
    changes: list[IncidentChange] = []
    for track in Track:
        state, changed = _advance(state, observation, track, policy)
        changes += changed
    return state, tuple(changes)


def stop_watching(
    state: AlarmState, journey: str, at: datetime, location: str = ""
) -> tuple[AlarmState, tuple[IncidentChange, ...]]:
    """Returns the state without a journey, or without one of its locations, and the symptoms that this ends."""
    changes: list[IncidentChange] = []
    end = Observation(journey=journey, location=location, at=at, outcome=PartOutcome.REMOVED)
    for track, key in [(track, (track, journey)) for track in Track if (track, journey) in state.watched]:
        before = state.watched[key]
        health = without_location(before.health, location) if location else Health()
        after = replace(before, health=health)
        state, changed = _end_symptoms(state, after, end, track, HealthReason.NOT_WATCHED)
        changes += changed
        state = _without_location(state, journey, location)
        after = after if health.is_open else replace(after, incident=0)
        state = replace(state, watched={**state.watched, key: after})
    return state, tuple(changes)


def _advance(
    state: AlarmState, observation: Observation, track: Track, policy: IncidentPolicy
) -> tuple[AlarmState, list[IncidentChange]]:
    key = (track, observation.journey)
    before = state.watched.get(key, TrackedJourney())
    rules = _rules(state, before, track, policy)
    health, reason = next_health(before.health, observation.sample(track), rules)
    own = str(observation.part) if observation.part is not None else PROBE_SUBJECT
    subject = observation.service if track is Track.SERVICE else own
    incident = state.incidents.get(before.incident)
    is_judged = health.is_open and reason is not HealthReason.NOT_JUDGED
    is_another = is_judged and incident is not None and _blames_another(incident, observation, track)
    # While a location still sees the first service broken, two locations that blame different services would end and
    # open both incidents with every run.
    has_moved = is_another and incident is not None and not health.broken_by(incident.subject)
    if is_judged and track is Track.SERVICE:
        state = _with_sights(state, observation, health, rules.passes)
    elif is_judged and incident is not None and health.places[observation.location].doubts:
        state = _with_unseen(state, observation, incident)
    after = replace(before, health=health, incident=0 if has_moved else before.incident)
    state, changes = _end_symptoms(state, after, observation, track, reason)
    after = after if health.is_open else replace(after, incident=0)
    if has_moved:
        state, blocked = _with_blocked(state, observation)
        changes += blocked
    if health.is_open and after.incident == 0 and subject:
        # A journey that now breaks at another service has broken there just now.
        broken = replace(health, since=observation.at) if has_moved else health
        opened, event = open_incident(state, subject, observation, broken, policy)
        state = _with(state, opened)
        changes.append(IncidentChange(event=event, reason=reason, incident=opened))
        after = replace(after, incident=opened.number)
    elif is_another and any(one.is_open and one.subject == subject for one in state.incidents.values()):
        joined, event = open_incident(state, subject, observation, replace(health, since=observation.at), policy)
        state = _with(state, joined)
        changes.append(IncidentChange(event=event, reason=reason, incident=joined))
    elif health.is_open and incident is not None:
        same, event = with_locations(state.incidents[incident.number], observation.journey, health)
        state = _with(state, same)
        changes += [IncidentChange(event=event, reason=reason, incident=same)] if event is IncidentEvent.SPREAD else []
    if not changes:
        unchanged = state.incidents.get(after.incident)
        changes.append(IncidentChange(event=IncidentEvent.NOTHING_NEW, reason=reason, incident=unchanged))
    return replace(state, watched={**state.watched, key: after}), changes


def _without_location(state: AlarmState, journey: str, location: str) -> AlarmState:
    """Returns the state where the symptoms of a journey that go on are no longer seen from a location."""
    for incident in state.incidents.values():
        symptoms = tuple(
            replace(symptom, locations=tuple(name for name in symptom.locations if name != location))
            if symptom.is_current(journey) and location in symptom.locations
            else symptom
            for symptom in incident.symptoms
        )
        if symptoms != incident.symptoms:
            state = _with(state, replace(incident, symptoms=symptoms))
    return state


def _rules(state: AlarmState, before: TrackedJourney, track: Track, policy: IncidentPolicy) -> HealthRules:
    if track is Track.VISIBILITY:
        return HealthRules(failures=policy.unseen, passes=1)
    incident = state.incidents.get(before.incident)
    passes = policy.service.passes
    if incident is not None and incident.openings > 1:
        passes = max(passes, min(passes + 1, PASSES_AFTER_RELAPSE))
    return replace(policy.service, passes=passes)


def _blames_another(incident: Incident, observation: Observation, track: Track) -> bool:
    """True if the journey breaks at another service than that of its incident, by a confirmed failure."""
    if track is not Track.SERVICE or not observation.confirmed:
        return False
    return observation.service not in ("", UNKNOWN_SERVICE, incident.subject)


def _with_sights(state: AlarmState, observation: Observation, health: Health, needed: int) -> AlarmState:
    """Notes at each symptom of the journey whether its step was seen to work, or to fail again, at this location."""
    for incident in _incidents_of(state, observation.journey):
        sights = [_after_sight(incident, symptom, observation, health, needed) for symptom in incident.symptoms]
        state = _with(state, replace(incident, symptoms=tuple(sights)))
    return state


def _with_unseen(state: AlarmState, observation: Observation, incident: Incident) -> AlarmState:
    """Notes at the operator's incident of a journey that it could not be judged again."""
    symptoms = (
        _failing_now(one, observation) if one.is_current(observation.journey) else one for one in incident.symptoms
    )
    return _with(state, replace(incident, symptoms=tuple(symptoms)))


def _failing_now(symptom: Symptom, observation: Observation) -> Symptom:
    return replace(symptom, failed_at={**symptom.failed_at, observation.location: observation.at})


def _after_sight(
    incident: Incident, symptom: Symptom, observation: Observation, health: Health, needed: int
) -> Symptom:
    place = health.places.get(observation.location)
    if not symptom.is_current(observation.journey) or place is None:
        return symptom
    here, step = {observation.location}, (symptom.actor, symptom.step)
    is_blamed = observation.outcome is Outcome.FAILED and observation.service == incident.subject
    has_passed = observation.confirmed and observation.passed_steps.get(step, 0) >= symptom.occurrence
    if is_blamed or (observation.outcome is Outcome.FAILED and step == (observation.actor, observation.step)):
        failing = _failing_now(symptom, observation) if is_blamed else symptom
        well_elsewhere = _names({*symptom.seen_well} - here)
        return replace(failing, seen_well=well_elsewhere, blocked_by="" if is_blamed else symptom.blocked_by, passes=0)
    is_tested = observation.outcome is Outcome.PASSED or has_passed
    well = {*symptom.seen_well} | (here if has_passed or not place.broken else set())
    blocked_by = "" if is_tested else symptom.blocked_by
    passes = min((health.places[name].passes for name in symptom.locations if name in health.places), default=0)
    return replace(symptom, seen_well=_names(well), blocked_by=blocked_by, passes=passes, passes_needed=needed)


def _end_symptoms(
    state: AlarmState,
    tracked: TrackedJourney,
    observation: Observation,
    track: Track,
    reason: HealthReason,
) -> tuple[AlarmState, list[IncidentChange]]:
    """Ends the symptoms of a journey that are over: all once it is healthy, and those of incidents other than the
    tracked one where each location that saw them broken has seen the step work since."""
    if track is Track.VISIBILITY:
        found = [state.incidents[tracked.incident]] if tracked.incident in state.incidents else []
    else:
        found = _incidents_of(state, observation.journey)
    changes, health = [], tracked.health
    for incident in found:
        if not health.is_open or (incident.number != tracked.incident and _is_seen_well(incident, observation, health)):
            state, change = _end_symptom(state, incident, observation, reason)
            changes.append(change)
    return state, changes


def _incidents_of(state: AlarmState, journey: str) -> list[Incident]:
    """Returns the open incidents of services that a journey is a symptom of."""
    return [
        incident
        for incident in state.incidents.values()
        if not incident.is_own and any(symptom.is_current(journey) for symptom in incident.symptoms)
    ]


def _is_seen_well(incident: Incident, observation: Observation, health: Health) -> bool:
    return all(
        location in symptom.seen_well or location not in health.places
        for symptom in incident.symptoms
        if symptom.is_current(observation.journey)
        for location in symptom.locations
    )


def _with_blocked(state: AlarmState, observation: Observation) -> tuple[AlarmState, list[IncidentChange]]:
    """Notes at the symptoms of a journey that it left, without having seen their steps work, which service is in the
    way."""
    changes = []
    for incident in _incidents_of(state, observation.journey):
        if incident.subject != observation.service:
            symptoms = tuple(
                replace(symptom, blocked_by=observation.service) if symptom.is_current(observation.journey) else symptom
                for symptom in incident.symptoms
            )
            blocked = replace(incident, symptoms=symptoms)
            state = _with(state, blocked)
            change = IncidentChange(event=IncidentEvent.BLOCKED, reason=HealthReason.STILL_BROKEN, incident=blocked)
            changes.append(change)
    return state, changes


def _end_symptom(
    state: AlarmState, incident: Incident, observation: Observation, reason: HealthReason
) -> tuple[AlarmState, IncidentChange]:
    is_retired = reason is HealthReason.NOT_WATCHED
    symptoms = tuple(
        replace(symptom, ended_at=observation.at, is_retired=is_retired)
        if symptom.is_current(observation.journey)
        else symptom
        for symptom in incident.symptoms
    )
    is_over = all(symptom.ended_at is not None for symptom in symptoms)
    ended = replace(incident, symptoms=symptoms, closed_at=observation.at if is_over else None)
    ended_event = IncidentEvent.SYMPTOM_RETIRED if is_retired else IncidentEvent.SYMPTOM_ENDED
    event = IncidentEvent.CLOSED if is_over else ended_event
    return _with(state, ended), IncidentChange(event=event, reason=reason, incident=ended)


def _names(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _with(state: AlarmState, incident: Incident) -> AlarmState:
    incident = incident.shortened()
    if state.incidents.get(incident.number) == incident:
        return state
    next_number = max(state.next_number, incident.number + 1)
    return replace(state, incidents={**state.incidents, incident.number: incident}, next_number=next_number)
