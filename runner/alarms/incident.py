"""Incidents: one for everything that one service breaks at a time, from opening to close.

Each journey has a health of its own (`journey_health.py`). Journeys that the same service breaks are symptoms of one
incident, so that a sign-in that is down sends one alarm and not six; each symptom still ends by itself, and the
incident closes with its last one. A journey that cannot be judged opens the operator's incident, which blames no
service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from firstbell.runner.alarms.journey_health import Health, HealthReason, HealthRules, next_health, without_location
from firstbell.runner.alarms.observation import Observation, PartOutcome, Track
from firstbell.runner.alarms.part import Part

PROBE_SUBJECT = "first-bell"
"""Subject of the incident of journeys that First Bell cannot judge."""

UNKNOWN_SERVICE = "unknown"
"""Subject of the incident of failures that no service can be blamed for."""

# Each time that it breaks again soon after it had closed, twice as many passes are needed to close it.
MOST_PASSES = 8


class IncidentEvent(Enum):
    """Effect of an observation on an incident. The words go to the incident's history."""

    OPENED = "opened"
    OPENED_AGAIN = "opened again"
    JOINED = "another journey joined"
    SYMPTOM_ENDED = "one journey works again"
    CLOSED = "closed"
    NOTHING_NEW = "nothing new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One journey that an incident breaks: since when, where, and the failure. It is over if `ended_at` is set.
    `part` is set where it is no journey but a part of First Bell. The names of the fields are stored."""

    journey: str
    since: datetime
    locations: tuple[str, ...]
    actor: str
    step: str
    said: str
    run_id: str
    ended_at: datetime | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident. `subject` is the service, PROBE_SUBJECT, or a part of First Bell; `openings` counts how often it
    opened. The names of the fields are stored."""

    number: int
    subject: str
    owner: str
    opened_at: datetime
    symptoms: tuple[Symptom, ...]
    closed_at: datetime | None = None
    openings: int = 1

    @property
    def is_own(self) -> bool:
        """True for the operator's incidents: a journey that cannot be judged, or a part of First Bell that fails."""
        return self.subject == PROBE_SUBJECT or any(symptom.part is not None for symptom in self.symptoms)

    @property
    def is_open(self) -> bool:
        """True until it is closed."""
        return self.closed_at is None

    @property
    def since(self) -> datetime:
        """Beginning of the first symptom, which is before it was confirmed."""
        return min(symptom.since for symptom in self.symptoms)

    @property
    def current_symptoms(self) -> tuple[Symptom, ...]:
        """Symptoms that are not over; all of them once the incident is closed."""
        return tuple(symptom for symptom in self.symptoms if symptom.ended_at is None) or self.symptoms

    @property
    def locations(self) -> tuple[str, ...]:
        """Locations that see it now; once it is closed, those that saw it."""
        return tuple(sorted({location for symptom in self.current_symptoms for location in symptom.locations}))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedJourney:
    """Health of one journey on one track, and the number of the incident that it is a symptom of (0: none)."""

    health: Health = field(default_factory=Health)
    incident: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """Rules for incidents. `unseen` observations in a row that cannot be judged open the operator's incident."""

    service: HealthRules = field(default_factory=HealthRules)
    unseen: int = 3
    open_again_within: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmState:
    """State that an observation changes: watched journeys, and incidents that are open or closed lately."""

    watched: Mapping[tuple[Track, str], TrackedJourney] = field(default_factory=dict)
    incidents: Mapping[int, Incident] = field(default_factory=dict)
    next_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChange:
    """Change of one incident, and why. `incident` is the incident after it; None where there is none."""

    event: IncidentEvent
    reason: HealthReason
    incident: Incident | None = None


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
    for key in [(track, journey) for track in Track if (track, journey) in state.watched]:
        before = state.watched[key]
        health = without_location(before.health, location) if location else Health()
        after = TrackedJourney(health=health, incident=before.incident if location else 0)
        incident = state.incidents.get(before.incident)
        if incident is not None and not health.is_open:
            end = Observation(journey=journey, location=location, at=at, outcome=PartOutcome.REMOVED)
            state, change = _end_symptom(state, incident, end, HealthReason.NOT_WATCHED)
            changes.append(change)
            after = replace(after, incident=0)
        state = replace(state, watched={**state.watched, key: after})
    return state, tuple(changes)


def _advance(
    state: AlarmState, observation: Observation, track: Track, policy: IncidentPolicy
) -> tuple[AlarmState, list[IncidentChange]]:
    key = (track, observation.journey)
    before = state.watched.get(key, TrackedJourney())
    rules = _rules(state, before, track, policy)
    health, reason = next_health(before.health, observation.sample(track), rules)
    after = replace(before, health=health)
    changes: list[IncidentChange] = []
    own = str(observation.part) if observation.part is not None else PROBE_SUBJECT
    subject = observation.service if track is Track.SERVICE else own
    incident = state.incidents.get(before.incident)
    is_judged = health.is_open and reason is not HealthReason.NOT_JUDGED
    has_moved = is_judged and incident is not None and _blames_another(incident, observation, track, health)
    if incident is not None and (has_moved or not health.is_open):
        state, change = _end_symptom(state, incident, observation, reason)
        changes.append(change)
        after = replace(after, incident=0)
    if health.is_open and after.incident == 0 and subject:
        # A journey that now breaks at another service has broken there just now.
        broken = replace(health, since=observation.at) if has_moved else health
        opened, event = _open(state, subject, observation, broken, policy)
        state = _with(state, opened)
        changes.append(IncidentChange(event=event, reason=reason, incident=opened))
        after = replace(after, incident=opened.number)
    elif health.is_open and incident is not None and not has_moved:
        state = _add_locations(state, incident, observation, health)
    if not changes:
        unchanged = state.incidents.get(after.incident)
        changes.append(IncidentChange(event=IncidentEvent.NOTHING_NEW, reason=reason, incident=unchanged))
    return replace(state, watched={**state.watched, key: after}), changes


def _rules(state: AlarmState, before: TrackedJourney, track: Track, policy: IncidentPolicy) -> HealthRules:
    if track is Track.VISIBILITY:
        return HealthRules(failures=policy.unseen, passes=1)
    incident = state.incidents.get(before.incident)
    passes = policy.service.passes * 2 ** ((incident.openings if incident else 1) - 1)
    return replace(policy.service, passes=max(policy.service.passes, min(passes, MOST_PASSES)))


def _blames_another(incident: Incident, observation: Observation, track: Track, health: Health) -> bool:
    """True if the journey now breaks at another service, and no location still sees the first one broken. Without the
    latter, two locations that blame different services would end and open both incidents with every run."""
    if track is not Track.SERVICE or not observation.confirmed:
        return False
    is_another = observation.service not in ("", UNKNOWN_SERVICE, incident.subject)
    return is_another and not health.broken_by(incident.subject)


def _open(
    state: AlarmState, subject: str, observation: Observation, health: Health, policy: IncidentPolicy
) -> tuple[Incident, IncidentEvent]:
    """Returns the incident that a failure belongs to: an open one, one that has just closed, or a new one."""
    symptom = Symptom(
        journey=observation.journey,
        since=health.since or observation.at,
        locations=health.broken_by(subject) or (observation.location,),
        actor=observation.actor,
        step=observation.step,
        said=observation.problem,
        run_id=observation.run_id,
        part=observation.part,
    )
    same = [incident for incident in state.incidents.values() if incident.subject == subject]
    if already_open := [incident for incident in same if incident.is_open]:
        last = already_open[-1]
        return replace(last, symptoms=(*last.symptoms, symptom)), IncidentEvent.JOINED
    earliest = observation.at - policy.open_again_within
    if just_closed := [incident for incident in same if incident.closed_at and incident.closed_at >= earliest]:
        last = just_closed[-1]
        again = replace(last, closed_at=None, openings=last.openings + 1, symptoms=(*last.symptoms, symptom))
        return again, IncidentEvent.OPENED_AGAIN
    owner, number = observation.owner, state.next_number
    new = Incident(number=number, subject=subject, owner=owner, opened_at=observation.at, symptoms=(symptom,))
    return new, IncidentEvent.OPENED


def _end_symptom(
    state: AlarmState, incident: Incident, observation: Observation, reason: HealthReason
) -> tuple[AlarmState, IncidentChange]:
    symptoms = tuple(
        replace(symptom, ended_at=observation.at) if _is_current(symptom, observation.journey) else symptom
        for symptom in incident.symptoms
    )
    is_over = all(symptom.ended_at is not None for symptom in symptoms)
    ended = replace(incident, symptoms=symptoms, closed_at=observation.at if is_over else None)
    event = IncidentEvent.CLOSED if is_over else IncidentEvent.SYMPTOM_ENDED
    return _with(state, ended), IncidentChange(event=event, reason=reason, incident=ended)


def _add_locations(state: AlarmState, incident: Incident, observation: Observation, health: Health) -> AlarmState:
    """Adds the locations that see the same failure now to the journey's symptom."""
    broken = health.broken_by(incident.subject)
    symptoms = tuple(
        replace(symptom, locations=tuple(sorted({*symptom.locations, *broken})))
        if _is_current(symptom, observation.journey)
        else symptom
        for symptom in incident.symptoms
    )
    return _with(state, replace(incident, symptoms=symptoms))


def _is_current(symptom: Symptom, journey: str) -> bool:
    return symptom.journey == journey and symptom.ended_at is None


def _with(state: AlarmState, incident: Incident) -> AlarmState:
    next_number = max(state.next_number, incident.number + 1)
    return replace(state, incidents={**state.incidents, incident.number: incident}, next_number=next_number)
