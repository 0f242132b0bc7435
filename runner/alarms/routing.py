"""Who is owed a notice of an incident now, and why: a pure function of what was sent already.

It is asked at each change and once in a while besides, so that nobody has to remember to come back to it: what a
silence held back is sent when the silence ends, if the incident is still open; a reminder falls due by itself; the
head of IT is told when nobody has acknowledged in time. Whoever was told that something broke is told that it is over,
silence or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from firstbell.runner.alarms.incident import Incident


class Severity(Enum):
    """How urgent an incident is at the moment."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class NoticeKind(Enum):
    """What a notice says."""

    OPENED = "opened"
    ESCALATED = "escalated"
    REMINDER = "reminder"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class NoticeReason(Enum):
    """Why a route is owed a notice, or is not. The same words go to the log and to people who ask."""

    OPENED = "opened"
    ESCALATED = "nobody acknowledged in time"
    REMINDER_DUE = "reminder due"
    MORE_URGENT = "more urgent than it was told"
    SNOOZE_OVER = "the snooze is over"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    SILENCED = "silenced"
    ROUTE_DOES_NOT_MATCH = "not this route's concern"
    WAITS_FOR_ESCALATION = "told only if nobody acknowledges"
    NOTHING_NEW = "nothing new"


KIND_OF: Mapping[NoticeReason, NoticeKind] = {
    NoticeReason.OPENED: NoticeKind.OPENED,
    NoticeReason.ESCALATED: NoticeKind.ESCALATED,
    NoticeReason.REMINDER_DUE: NoticeKind.REMINDER,
    NoticeReason.MORE_URGENT: NoticeKind.REMINDER,
    NoticeReason.SNOOZE_OVER: NoticeKind.REMINDER,
    NoticeReason.ACKNOWLEDGED: NoticeKind.ACKNOWLEDGED,
    NoticeReason.CLOSED: NoticeKind.CLOSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Some people and the ways to them. `to` are channel addresses; empty filters let everything through.

    `is_operator`: told of what First Bell itself cannot do, and of nothing else unless `services` says so.
    `is_public`: parents and teachers, whom nothing reaches before a person has confirmed it; told once, and at the end.
    """

    name: str
    to: tuple[str, ...]
    services: frozenset[str] = frozenset()
    journeys: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    is_operator: bool = False
    is_public: bool = False
    repeat: timedelta = timedelta(hours=4)
    escalate_after: timedelta | None = None
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Notices that are held back until a moment, by whom and why. Empty fields match everything."""

    number: int
    until: datetime
    by: str
    why: str
    service: str = ""
    journey: str = ""
    location: str = ""

    def applies_to(self, incident: Incident, now: datetime) -> bool:
        """Whether all that is wrong now is what this silence is about."""
        if now >= self.until or self.service not in ("", incident.subject):
            return False
        symptoms = [symptom for symptom in incident.symptoms if symptom.ended_at is None]
        if self.journey and {symptom.journey for symptom in symptoms} != {self.journey}:
            return False
        return not self.location or set(incident.locations) == {self.location}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNotice:
    """A notice that is in the outbox, whether it has been delivered yet or not. `opening` counts from 1, `to` are the
    addresses that it goes to, without those that a person has taken it back from."""

    incident: int
    opening: int
    route: str
    kind: NoticeKind
    at: datetime
    severity: Severity
    to: tuple[str, ...] = ()
    is_public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStatus:
    """An incident as it stands: how urgent, and since when, by whom and until when it is in hand (None: for good)."""

    incident: Incident
    severity: Severity
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    acknowledged_by: str = ""

    def is_in_hand(self, now: datetime) -> bool:
        """Whether somebody has it in hand."""
        return self.acknowledged_at is not None and (self.acknowledged_until is None or now < self.acknowledged_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """A notice that a route is owed. `key` stays the same however often this is worked out."""

    incident: Incident
    route: Route
    reason: NoticeReason
    severity: Severity
    ordinal: int

    @property
    def kind(self) -> NoticeKind:
        """What it says."""
        return KIND_OF[self.reason]

    @property
    def key(self) -> str:
        """Its name in the outbox and at receivers, once for ever: a drill, or a history that begins anew, counts its
        incidents from 1 as well, and a receiver that knows a key already shows nothing."""
        incident = self.incident
        story = f"{incident.number}-{incident.opened_at.timestamp():.0f}/{incident.openings}"
        return f"{story}/{self.route.name}/{self.kind.value}/{self.ordinal}"


def notices_due(
    standing: IncidentStatus,
    routes: Sequence[Route],
    sent: Iterable[SentNotice],
    silences: Iterable[Silence],
    now: datetime,
) -> list[DueNotice]:
    """All notices of one incident that somebody is owed now."""
    incident = standing.incident
    of_opening = [one for one in sent if (one.incident, one.opening) == (incident.number, incident.openings)]
    told = _SentHistory(routes, of_opening)
    is_silenced = any(silence.applies_to(incident, now) for silence in silences)
    found = []
    for route in (*routes, *told.former_routes()):
        reason = notice_due(standing, route, told, now, is_silenced=is_silenced)
        owes = told.as_told(route) if reason is NoticeReason.CLOSED else route
        if reason in KIND_OF and owes.to:
            kind = KIND_OF[reason]
            ordinal = 1 + sum(one.route == route.name and one.kind is kind for one in of_opening)
            severity = standing.severity
            found.append(DueNotice(incident=incident, route=owes, reason=reason, severity=severity, ordinal=ordinal))
    return found


@dataclass(frozen=True, slots=True)
class _SentHistory:
    """Who has been told what of this opening."""

    routes: Sequence[Route]
    sent: Sequence[SentNotice]

    def first(self, route: str) -> datetime | None:
        """When a route was first told that it broke."""
        kinds = (NoticeKind.OPENED, NoticeKind.ESCALATED)
        return min((one.at for one in self.sent if one.route == route and one.kind in kinds), default=None)

    def last(self, route: str) -> datetime | None:
        """When a route was last told anything."""
        return max((one.at for one in self.sent if one.route == route), default=None)

    def has(self, route: str, kind: NoticeKind, since: datetime | None = None) -> bool:
        """Whether a route was told this, since a moment."""
        times = [one.at for one in self.sent if one.route == route and one.kind is kind]
        return bool(times) and (since is None or max(times) >= since)

    def severity(self, route: str) -> Severity:
        """How urgent a route has heard that it is, at most."""
        heard = [one.severity for one in self.sent if one.route == route]
        return min(heard, key=list(Severity).index, default=Severity.INFO)

    def former_routes(self) -> list[Route]:
        """Routes that were told and are in the configuration no more: they are still owed the end."""
        known = {route.name for route in self.routes}
        return [Route(name=name, to=()) for name in dict.fromkeys(one.route for one in self.sent) if name not in known]

    def as_told(self, route: Route) -> Route:
        """A route with the addresses that were told by it, whatever is configured now."""
        heard = [one for one in self.sent if one.route == route.name]
        to = tuple(dict.fromkeys(address for one in heard for address in one.to))
        return replace(route, to=to, is_public=any(one.is_public for one in heard))


def notice_due(
    standing: IncidentStatus, route: Route, told: _SentHistory, now: datetime, *, is_silenced: bool
) -> NoticeReason:
    """Whether a route is owed a notice of an incident, and why."""
    first = told.first(route.name)
    if not standing.incident.is_open:
        is_owed = first is not None and not told.has(route.name, NoticeKind.CLOSED)
        return NoticeReason.CLOSED if is_owed else NoticeReason.NOTHING_NEW
    if first is None:
        return _first_notice(standing, route, told, now, is_silenced=is_silenced)
    if route.is_public:
        return NoticeReason.NOTHING_NEW
    if standing.is_in_hand(now):
        is_known = told.has(route.name, NoticeKind.ACKNOWLEDGED, standing.acknowledged_at)
        return NoticeReason.NOTHING_NEW if is_known else NoticeReason.ACKNOWLEDGED
    reason = _repeat_reason(standing, route, told, now)
    return NoticeReason.SILENCED if is_silenced and reason is not NoticeReason.NOTHING_NEW else reason


def _repeat_reason(standing: IncidentStatus, route: Route, told: _SentHistory, now: datetime) -> NoticeReason:
    """Why a route that was told, and whose incident nobody has in hand, is told once more."""
    last, snoozed_until, urgency = told.last(route.name) or now, standing.acknowledged_until, list(Severity).index
    if snoozed_until is not None and last < snoozed_until <= now:
        return NoticeReason.SNOOZE_OVER
    if urgency(standing.severity) < urgency(told.severity(route.name)):
        return NoticeReason.MORE_URGENT
    return NoticeReason.REMINDER_DUE if now - last >= route.repeat else NoticeReason.NOTHING_NEW


def _first_notice(
    standing: IncidentStatus, route: Route, told: _SentHistory, now: datetime, *, is_silenced: bool
) -> NoticeReason:
    above = [other for other in told.routes if route.name in other.escalate_to]
    if not above and not _matches_route(standing, route):
        return NoticeReason.ROUTE_DOES_NOT_MATCH
    if above and not any(_has_waited(other, standing, told, now) for other in above):
        return NoticeReason.WAITS_FOR_ESCALATION
    if is_silenced:
        return NoticeReason.SILENCED
    return NoticeReason.ESCALATED if above else NoticeReason.OPENED


def _has_waited(route: Route, standing: IncidentStatus, told: _SentHistory, now: datetime) -> bool:
    """Whether a route has been told long enough ago, and nobody has said that they have it in hand."""
    first = told.first(route.name)
    if first is None or route.escalate_after is None or standing.is_in_hand(now):
        return False
    return now - first >= route.escalate_after


def _matches_route(standing: IncidentStatus, route: Route) -> bool:
    incident = standing.incident
    if incident.is_own and route.is_public:
        return False
    # Our own troubles are never critical, and have to reach the operator all the same.
    if route.severities and standing.severity not in route.severities and not incident.is_own:
        return False
    if incident.is_own or route.is_operator:
        return route.is_operator and (incident.is_own or incident.subject in route.services)
    if route.services and incident.subject not in route.services:
        return False
    return not route.journeys or bool(route.journeys & {symptom.journey for symptom in incident.symptoms})


def with_operator(routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes, the first one told of First Bell's own troubles too where none is said to be the operator's."""
    people = [route for route in routes if not route.is_public]
    if not people or any(route.is_operator for route in routes):
        return tuple(routes)
    first = people[0]
    own = replace(first, is_operator=True, services=frozenset(), journeys=frozenset(), severities=frozenset())
    return (replace(own, name=f"{first.name}-as-operator"), *routes)


def addresses_for(owed: DueNotice, routes: Sequence[Route]) -> tuple[str, ...]:
    """The addresses that a notice goes to: an end to those who were told. What says that a channel is dead does not go
    by that channel: where a route has no other, everybody's else are used."""
    if owed.kind is NoticeKind.CLOSED:
        return owed.route.to
    dead = {symptom.part.name for symptom in owed.incident.symptoms if symptom.part is not None}
    if live := tuple(address for address in owed.route.to if address not in dead):
        return live
    others = {address: None for route in routes if not route.is_public for address in route.to if address not in dead}
    return tuple(others) or owed.route.to
