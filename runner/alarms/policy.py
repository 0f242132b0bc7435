"""Alarm policy: what a configuration says about incidents, their severity, and the routes of their notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.incident import Incident, IncidentPolicy
from firstbell.runner.alarms.routing import Route, Severity, Silence

OTHERWISE = Severity.WARNING
"""Default severity of a journey's incidents outside school hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPolicy:
    """Policy for incidents and notices.

    `contacts`: how to reach the owner of a service. `relies_on`: the services of each journey, in the order of its
    steps. `plan_b`: the journey that plays the fallback. `is_school_time` answers for a journey and a moment, with None
    where no bells are configured; `otherwise` is the severity of a journey outside school time. `degraded_counts`: a
    degraded run counts as broken. `mark` begins every subject, as in a drill. `announced` returns the silences of the
    maintenance that is in progress.
    """

    zone: ZoneInfo
    incidents: IncidentPolicy = field(default_factory=IncidentPolicy)
    routes: tuple[Route, ...] = ()
    location_count: int = 1
    contacts: Mapping[str, str] = field(default_factory=dict)
    relies_on: Mapping[str, Sequence[str]] = field(default_factory=dict)
    otherwise: Mapping[str, Severity] = field(default_factory=dict)
    plan_b: str = "plan-b"
    link: str = ""
    mark: str = ""
    degraded_counts: bool = False
    is_school_time: Callable[[str, datetime], bool | None] = lambda _journey, _at: None
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
