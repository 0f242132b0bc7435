"""Alarm policy: what a configuration says about incidents, their severity, and the routes of their notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.incident import Incident, IncidentPolicy
from firstbell.runner.alarms.routing import DueNotice, NoticeKind, Route, Severity
from firstbell.runner.alarms.rules.silence import Silence

OTHERWISE = Severity.WARNING
"""Default severity of a journey's incidents outside school hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPolicy:
    """Policy for incidents and notices.

    `locations` are those of the file, of `location_count` in all. `contacts`: how to reach the owner of a service.
    `relies_on`: the services of each journey, in the order of its steps. `plan_b`: the journey that plays the fallback.
    `is_school_time` answers for a journey and a moment, with None where no bells are configured; `first_bell` returns
    the first bell of that day. `otherwise` is the severity of a journey outside school time. `degraded_counts`: a
    degraded run counts as broken. `mark` begins every subject, as in a drill. `announced` returns the silences of the
    maintenance that is in progress.
    """

    zone: ZoneInfo
    district: str = ""
    incidents: IncidentPolicy = field(default_factory=IncidentPolicy)
    routes: tuple[Route, ...] = ()
    locations: tuple[str, ...] = ()
    location_count: int = 1
    contacts: Mapping[str, str] = field(default_factory=dict)
    relies_on: Mapping[str, Sequence[str]] = field(default_factory=dict)
    otherwise: Mapping[str, Severity] = field(default_factory=dict)
    plan_b: str = "plan-b"
    link: str = ""
    mark: str = ""
    degraded_counts: bool = False
    is_school_time: Callable[[str, datetime], bool | None] = lambda _journey, _at: None
    first_bell: Callable[[str, datetime], datetime | None] = lambda _journey, _at: None
    announced: Callable[[datetime], Sequence[Silence]] = lambda _now: ()

    def severity(self, incident: Incident, now: datetime) -> Severity:
        """Returns the severity of an incident: critical if a journey is broken before or in class.

        Without bells, class may be in session at any time. The operator's incidents are warnings: no class has failed.
        """
        if incident.is_own:
            return Severity.WARNING
        journeys = {symptom.journey for symptom in incident.symptoms if symptom.ended_at is None}
        severities = [self._severity(journey, now) for journey in journeys] or [Severity.WARNING]
        return min(severities, key=list(Severity).index)

    def _severity(self, journey: str, now: datetime) -> Severity:
        if self.is_school_time(journey, now) in (True, None):
            return Severity.CRITICAL
        return self.otherwise.get(journey, OTHERWISE)


def with_operator(routes: Sequence[Route]) -> tuple[Route, ...]:
    """Returns the routes, with the first internal one for First Bell's own incidents too if none is the operator's."""
    internal = [route for route in routes if not route.is_public]
    if not internal or any(route.is_operator for route in routes):
        return tuple(routes)
    first = internal[0]
    own = replace(first, is_operator=True, services=frozenset(), journeys=frozenset(), severities=frozenset())
    return (replace(own, name=f"{first.name}-as-operator"), *routes)


def addresses_for(notice: DueNotice, routes: Sequence[Route]) -> tuple[str, ...]:
    """Returns the addresses that a notice goes to. A notice of a broken channel does not go through that channel: where
    its route has no other, the addresses of all other routes are used."""
    if notice.kind is NoticeKind.CLOSED:
        return notice.route.to
    broken = {symptom.part.name for symptom in notice.incident.symptoms if symptom.part is not None}
    if working := tuple(address for address in notice.route.to if address not in broken):
        return working
    internal = [route for route in routes if not route.is_public]
    others = dict.fromkeys(address for route in internal for address in route.to if address not in broken)
    return tuple(others) or notice.route.to
