"""Which routes are owed a notice of an incident now, and why: a pure function of the notices that were sent already.

It is evaluated at each change and at regular intervals. So a notice that a silence suppressed is sent when the silence
ends, if the incident is still open; reminders fall due on time; and a notice escalates when the incident was not
acknowledged in time. A route that got a notice of an opening gets one of the closing too, silence or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from firstbell.runner.alarms.incident import Incident
from firstbell.runner.alarms.rules.silence import Silence, is_covered


class Severity(Enum):
    """Severity of an incident at the moment, the most urgent first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class NoticeKind(Enum):
    """Kind of a notice. The values are stored."""

    OPENED = "opened"
    ESCALATED = "escalated"
    REMINDER = "reminder"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class NoticeReason(Enum):
    """Reason why a route is owed a notice, or none."""

    OPENED = "opened"
    ESCALATED = "not acknowledged in time"
    REMINDER_DUE = "reminder due"
    MORE_URGENT = "more urgent than in the last notice"
    MORE_BROKEN = "more is broken than was acknowledged"
    SNOOZE_OVER = "the snooze is over"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    SILENCED = "silenced"
    ROUTE_DOES_NOT_MATCH = "the route's filters do not match"
    WAITS_FOR_ESCALATION = "sent only if the incident is not acknowledged"
    NOTHING_NEW = "nothing new"


KIND_OF: Mapping[NoticeReason, NoticeKind] = {
    NoticeReason.OPENED: NoticeKind.OPENED,
    NoticeReason.ESCALATED: NoticeKind.ESCALATED,
    NoticeReason.REMINDER_DUE: NoticeKind.REMINDER,
    NoticeReason.MORE_URGENT: NoticeKind.REMINDER,
    NoticeReason.MORE_BROKEN: NoticeKind.REMINDER,
    NoticeReason.SNOOZE_OVER: NoticeKind.REMINDER,
    NoticeReason.ACKNOWLEDGED: NoticeKind.ACKNOWLEDGED,
    NoticeReason.CLOSED: NoticeKind.CLOSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Recipients of notices: `to` are channel addresses; empty filters let every incident through.

    `is_operator`: gets First Bell's own incidents, and those of services only if `services` names them.
    `is_public`: parents and teachers; a person confirms each notice, and they get only the opening and the closing one.
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
class SentNotice:
    """A notice in the outbox, delivered or not. `opening` counts from 1; `to` are its addresses, without those whose
    draft a person dropped. `told` counts the incident's `news` at that time."""

    incident: int
    opening: int
    route: str
    kind: NoticeKind
    at: datetime
    severity: Severity
    to: tuple[str, ...] = ()
    is_public: bool = False
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStatus:
    """An incident with its severity and acknowledgement: by whom, why, and until when (None if it does not expire)."""

    incident: Incident
    severity: Severity
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_why: str = ""

    def is_acknowledged(self, now: datetime) -> bool:
        """True if an acknowledgement is in force."""
        return self.acknowledged_at is not None and (self.acknowledged_until is None or now < self.acknowledged_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """A notice that a route is owed. `key` is the same however often it is computed; `told` counts the incident's
    `news` that the route knows already."""

    incident: Incident
    route: Route
    reason: NoticeReason
    severity: Severity
    ordinal: int
    told: int = 0

    @property
    def kind(self) -> NoticeKind:
        """Kind of the notice."""
        return KIND_OF[self.reason]

    @property
    def key(self) -> str:
        """Unique name of the notice in the outbox and at receivers. It holds the opening time, because a drill or a
        new database counts incidents from 1 again, and a receiver ignores a key that it knows."""
        incident = self.incident
        story = f"{incident.number}-{incident.opened_at.timestamp():.0f}/{incident.openings}"
        return f"{story}/{self.route.name}/{self.kind.value}/{self.ordinal}"


def notices_due(
    status: IncidentStatus,
    routes: Sequence[Route],
    sent: Iterable[SentNotice],
    silences: Iterable[Silence],
    now: datetime,
) -> list[DueNotice]:
    """Returns the notices of one incident that are owed now."""
    incident = status.incident
    opening = (incident.number, incident.openings)
    of_opening = [notice for notice in sent if (notice.incident, notice.opening) == opening]
    history = _SentHistory(routes, of_opening)
    is_silenced = is_covered(incident, silences, now)
    due = []
    for route in (*routes, *history.former_routes()):
        reason = notice_reason(status, route, history, now, is_silenced=is_silenced)
        recipient = history.route_as_sent(route) if reason is NoticeReason.CLOSED else route
        if reason in KIND_OF and recipient.to:
            ordinal, severity = 1 + len(history.times(route.name, KIND_OF[reason])), status.severity
            given = {"incident": incident, "route": recipient, "reason": reason, "told": history.told(route.name)}
            notice = DueNotice(severity=severity, ordinal=ordinal, **given)  # type: ignore[arg-type]
            due.append(notice)
    return due


@dataclass(frozen=True, slots=True)
class _SentHistory:
    """Notices of the current opening that were sent, and the configured routes."""

    routes: Sequence[Route]
    sent: Sequence[SentNotice]

    def times(self, route: str, *kinds: NoticeKind) -> list[datetime]:
        return [notice.at for notice in self.sent if notice.route == route and (not kinds or notice.kind in kinds)]

    def first(self, route: str) -> datetime | None:
        """Time at which a route was first sent the opening."""
        return min(self.times(route, NoticeKind.OPENED, NoticeKind.ESCALATED), default=None)

    def severity(self, route: str) -> Severity:
        """Most urgent severity that a route was sent."""
        severities = [notice.severity for notice in self.sent if notice.route == route]
        return min(severities, key=list(Severity).index, default=Severity.INFO)

    def told(self, route: str) -> int:
        """Count of the incident's news that a route was told."""
        return max((notice.told for notice in self.sent if notice.route == route), default=0)

    def former_routes(self) -> list[Route]:
        """Routes that were sent a notice and have left the configuration: they are still owed the closing one."""
        known = {route.name for route in self.routes}
        names = dict.fromkeys(notice.route for notice in self.sent)
        return [Route(name=name, to=()) for name in names if name not in known]

    def route_as_sent(self, route: Route) -> Route:
        """The route with the addresses that it was sent to, whatever is configured now."""
        notices = [notice for notice in self.sent if notice.route == route.name]
        to = tuple(dict.fromkeys(address for notice in notices for address in notice.to))
        return replace(route, to=to, is_public=any(notice.is_public for notice in notices))


def notice_reason(
    status: IncidentStatus, route: Route, history: _SentHistory, now: datetime, *, is_silenced: bool
) -> NoticeReason:
    """Returns why a route is owed a notice of an incident, or why not."""
    first = history.first(route.name)
    if not status.incident.is_open:
        is_owed = first is not None and not history.times(route.name, NoticeKind.CLOSED)
        # Families are not told that a service works again where nobody has seen it work.
        is_owed = is_owed and (status.incident.is_seen_well or not history.route_as_sent(route).is_public)
        return NoticeReason.CLOSED if is_owed else NoticeReason.NOTHING_NEW
    if first is None:
        return _first_notice(status, route, history, now, is_silenced=is_silenced)
    if route.is_public:
        return NoticeReason.NOTHING_NEW
    if status.acknowledged_at is not None and status.is_acknowledged(now):
        last = max(history.times(route.name, NoticeKind.ACKNOWLEDGED), default=None)
        if last is None or last < status.acknowledged_at:
            return NoticeReason.ACKNOWLEDGED
        reason = _news_reason(status, route, history)
        return NoticeReason.SILENCED if is_silenced and reason is not NoticeReason.NOTHING_NEW else reason
    reason = _repeat_reason(status, route, history, now)
    return NoticeReason.SILENCED if is_silenced and reason is not NoticeReason.NOTHING_NEW else reason


def _news_reason(status: IncidentStatus, route: Route, history: _SentHistory) -> NoticeReason:
    """Returns why a route is told more of an incident that is acknowledged: it has grown since."""
    urgency = list(Severity).index
    if urgency(status.severity) < urgency(history.severity(route.name)):
        return NoticeReason.MORE_URGENT
    is_news = status.incident.told > history.told(route.name)
    return NoticeReason.MORE_BROKEN if is_news else NoticeReason.NOTHING_NEW


def _repeat_reason(status: IncidentStatus, route: Route, history: _SentHistory, now: datetime) -> NoticeReason:
    """Returns why a route is sent another notice of an incident that is not acknowledged."""
    last, urgency = max(history.times(route.name), default=now), list(Severity).index
    if status.acknowledged_until is not None and last < status.acknowledged_until <= now:
        return NoticeReason.SNOOZE_OVER
    if urgency(status.severity) < urgency(history.severity(route.name)):
        return NoticeReason.MORE_URGENT
    return NoticeReason.REMINDER_DUE if now - last >= route.repeat else NoticeReason.NOTHING_NEW


def _first_notice(
    status: IncidentStatus, route: Route, history: _SentHistory, now: datetime, *, is_silenced: bool
) -> NoticeReason:
    escalating = [other for other in history.routes if route.name in other.escalate_to]
    if not escalating and not _matches_route(status, route):
        return NoticeReason.ROUTE_DOES_NOT_MATCH
    if escalating and not any(_escalates(other, status, history, now) for other in escalating):
        return NoticeReason.WAITS_FOR_ESCALATION
    if is_silenced:
        return NoticeReason.SILENCED
    return NoticeReason.ESCALATED if escalating else NoticeReason.OPENED


def _escalates(route: Route, status: IncidentStatus, history: _SentHistory, now: datetime) -> bool:
    """True if the route was sent the opening long enough ago and the incident is not acknowledged."""
    first = history.first(route.name)
    if first is None or route.escalate_after is None or status.is_acknowledged(now):
        return False
    return now - first >= route.escalate_after


def _matches_route(status: IncidentStatus, route: Route) -> bool:
    incident = status.incident
    if incident.is_own and route.is_public:
        return False
    # First Bell's own incidents are never critical, and have to reach the operator all the same.
    if route.severities and status.severity not in route.severities and not incident.is_own:
        return False
    if incident.is_own or route.is_operator:
        return route.is_operator and (incident.is_own or incident.subject in route.services)
    if route.services and incident.subject not in route.services:
        return False
    return not route.journeys or bool(route.journeys & {symptom.journey for symptom in incident.symptoms})
