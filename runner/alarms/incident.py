"""What people are told about: one incident for everything that one service breaks at a time, from opening to close.

Each journey has a health of its own (`health.py`). Where several are broken by the same service they are symptoms of
one incident, so that a sign-in that is down sends one alarm and not six; each symptom still ends by itself, and the
incident closes with its last one. What cannot be judged is the operator's own incident, and blames no service.
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
"""The subject of what First Bell itself cannot judge."""

UNKNOWN_SERVICE = "unknown"
"""The subject of what is broken where nobody can be named."""

# Each time that it breaks again soon after it had closed, twice as many passes are asked for before it closes.
MOST_PASSES = 8


class IncidentEvent(Enum):
    """What a verdict did to an incident."""

    OPENED = "opened"
    OPENED_AGAIN = "opened again"
    JOINED = "another journey joined"
    SYMPTOM_ENDED = "one journey is well again"
    CLOSED = "closed"
    NOTHING_NEW = "nothing new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One journey that an incident breaks: since when, where, and what was seen. Over when `ended_at` is given.
    `part` is given where it is no journey but a part of First Bell."""

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
    """One story. `subject` is the service, PROBE, or a part of First Bell; `openings` counts how often it opened;
    `number` is its name."""

    number: int
    subject: str
    owner: str
    opened_at: datetime
    symptoms: tuple[Symptom, ...]
    closed_at: datetime | None = None
    openings: int = 1

    @property
    def is_own(self) -> bool:
        """Whether it is the operator's own: what cannot be judged, or a part of First Bell that gives no answer."""
        return self.subject == PROBE_SUBJECT or any(symptom.part is not None for symptom in self.symptoms)

    @property
    def is_open(self) -> bool:
        """Whether it is going on."""
        return self.closed_at is None

    @property
    def since(self) -> datetime:
        """When the first of its symptoms began, which is before anybody could be sure."""
        return min(symptom.since for symptom in self.symptoms)

    @property
    def locations(self) -> tuple[str, ...]:
        """Everywhere that sees it now; once it is closed, everywhere that saw it."""
        seen = [symptom for symptom in self.symptoms if symptom.ended_at is None] or self.symptoms
        return tuple(sorted({location for symptom in seen for location in symptom.locations}))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedJourney:
    """One journey on one track: how it is, and which incident it is a symptom of (0: none)."""

    health: Health = field(default_factory=Health)
    incident: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """When incidents open and close. After `unseen` looks in a row without a judgement the operator is told."""

    service: HealthRules = field(default_factory=HealthRules)
    unseen: int = 3
    open_again_within: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmState:
    """All that a verdict is weighed against: journeys as they are, and incidents that are open or closed lately."""

    watched: Mapping[tuple[Track, str], TrackedJourney] = field(default_factory=dict)
    incidents: Mapping[int, Incident] = field(default_factory=dict)
    next_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChange:
    """What a verdict did to one incident, and why. `incident` is as it is now; None where there is none."""

    turn: IncidentEvent
    reason: HealthReason
    incident: Incident | None = None


def advance(
    ledger: AlarmState, verdict: Observation, policy: IncidentPolicy
) -> tuple[AlarmState, tuple[IncidentChange, ...]]:
    """The ledger after a verdict, and what changed: on the service's track, then on that of sight."""
    changes: list[IncidentChange] = []
    for track in Track:
        ledger, changed = _advance(ledger, verdict, track, policy)
        changes += changed
    return ledger, tuple(changes)


def retire(
    ledger: AlarmState, journey: str, at: datetime, location: str = ""
) -> tuple[AlarmState, tuple[IncidentChange, ...]]:
    """The ledger after a journey has left it, or is seen from a location no more: what it was a symptom of goes on
    without it, or is over."""
    changes: list[IncidentChange] = []
    for key in [(track, journey) for track in Track if (track, journey) in ledger.watched]:
        before = ledger.watched[key]
        after = (
            TrackedJourney(health=without_location(before.health, location), incident=before.incident)
            if location
            else TrackedJourney()
        )
        held = ledger.incidents.get(before.incident)
        if held is not None and not after.health.is_open:
            gone = Observation(journey=journey, location=location, at=at, outcome=PartOutcome.RETIRED)
            ledger, change = _end_symptom(ledger, held, gone, HealthReason.RETIRED)
            changes.append(change)
            after = replace(after, incident=0)
        ledger = replace(ledger, watched={**ledger.watched, key: after})
    return ledger, tuple(changes)


def _advance(
    ledger: AlarmState, verdict: Observation, track: Track, policy: IncidentPolicy
) -> tuple[AlarmState, list[IncidentChange]]:
    key = (track, verdict.journey)
    before = ledger.watched.get(key, TrackedJourney())
    rules = _rules(ledger, before, track, policy)
    health, reason = next_health(before.health, verdict.look(track), rules)
    after = replace(before, health=health)
    changes: list[IncidentChange] = []
    own = str(verdict.part) if verdict.part is not None else PROBE_SUBJECT
    subject = verdict.service if track is Track.SERVICE else own
    held = ledger.incidents.get(before.incident)
    is_told = held is not None and health.is_open and reason is not HealthReason.NOT_JUDGED
    has_moved = is_told and held is not None and _moved_to_other_service(held, verdict, track, health)
    if held is not None and (has_moved or not health.is_open):
        ledger, change = _end_symptom(ledger, held, verdict, reason)
        changes.append(change)
        after = replace(after, incident=0)
    if health.is_open and after.incident == 0 and subject:
        # What breaks at another service now has broken there just now.
        seen = replace(health, since=verdict.at) if has_moved else health
        incident, turned = _opened(ledger, subject, verdict, seen, policy)
        ledger = _with(ledger, incident)
        changes.append(IncidentChange(turn=turned, reason=reason, incident=incident))
        after = replace(after, incident=incident.number)
    elif health.is_open and held is not None and not has_moved:
        ledger = _seen_again(ledger, held, verdict, health)
    if not changes:
        changes.append(
            IncidentChange(turn=IncidentEvent.NOTHING_NEW, reason=reason, incident=ledger.incidents.get(after.incident))
        )
    return replace(ledger, watched={**ledger.watched, key: after}), changes


def _rules(ledger: AlarmState, before: TrackedJourney, track: Track, policy: IncidentPolicy) -> HealthRules:
    if track is Track.VISIBILITY:
        return HealthRules(looks=policy.unseen, passes=1)
    held = ledger.incidents.get(before.incident)
    passes = policy.service.passes * 2 ** ((held.openings if held else 1) - 1)
    return replace(policy.service, passes=max(policy.service.passes, min(passes, MOST_PASSES)))


def _moved_to_other_service(held: Incident, verdict: Observation, track: Track, health: Health) -> bool:
    """Whether the journey now breaks at another service: the first one has let it through, wherever it was broken. Two
    locations that see different services broken would else end and open both with every run."""
    is_another = (
        track is Track.SERVICE and verdict.confirmed and verdict.service not in ("", UNKNOWN_SERVICE, held.subject)
    )
    return is_another and not health.broken_by(held.subject)


def _opened(
    ledger: AlarmState, subject: str, verdict: Observation, health: Health, policy: IncidentPolicy
) -> tuple[Incident, IncidentEvent]:
    """The incident that a journey's trouble belongs to: one that goes on, one that has just closed, or a new one."""
    symptom = Symptom(
        journey=verdict.journey,
        since=health.since or verdict.at,
        locations=health.broken_by(subject) or (verdict.location,),
        actor=verdict.actor,
        step=verdict.step,
        said=verdict.said,
        run_id=verdict.run_id,
        part=verdict.part,
    )
    same = [incident for incident in ledger.incidents.values() if incident.subject == subject]
    if going_on := [incident for incident in same if incident.is_open]:
        return replace(going_on[-1], symptoms=(*going_on[-1].symptoms, symptom)), IncidentEvent.JOINED
    if lately := [one for one in same if one.closed_at and verdict.at - one.closed_at <= policy.open_again_within]:
        last = lately[-1]
        again = replace(last, closed_at=None, openings=last.openings + 1, symptoms=(*last.symptoms, symptom))
        return again, IncidentEvent.OPENED_AGAIN
    owner, number = verdict.owner, ledger.next_number
    new = Incident(number=number, subject=subject, owner=owner, opened_at=verdict.at, symptoms=(symptom,))
    return new, IncidentEvent.OPENED


def _end_symptom(
    ledger: AlarmState, held: Incident, verdict: Observation, reason: HealthReason
) -> tuple[AlarmState, IncidentChange]:
    symptoms = tuple(
        replace(symptom, ended_at=verdict.at)
        if symptom.journey == verdict.journey and symptom.ended_at is None
        else symptom
        for symptom in held.symptoms
    )
    is_over = all(symptom.ended_at is not None for symptom in symptoms)
    incident = replace(held, symptoms=symptoms, closed_at=verdict.at if is_over else None)
    turned = IncidentEvent.CLOSED if is_over else IncidentEvent.SYMPTOM_ENDED
    return _with(ledger, incident), IncidentChange(turn=turned, reason=reason, incident=incident)


def _seen_again(ledger: AlarmState, held: Incident, verdict: Observation, health: Health) -> AlarmState:
    """The same failure once more: where it is seen, and what was seen last."""
    symptoms = tuple(
        replace(symptom, locations=tuple(sorted({*symptom.locations, *health.broken_by(held.subject)})))
        if symptom.journey == verdict.journey and symptom.ended_at is None
        else symptom
        for symptom in held.symptoms
    )
    return _with(ledger, replace(held, symptoms=symptoms))


def _with(ledger: AlarmState, incident: Incident) -> AlarmState:
    next_number = max(ledger.next_number, incident.number + 1)
    return replace(ledger, incidents={**ledger.incidents, incident.number: incident}, next_number=next_number)
