"""By which terms incidents open, how urgent they are, and who is told: what a configuration makes of the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.incident import Incident, IncidentPolicy
from firstbell.runner.alarms.routing import Route, Severity, Silence

OTHERWISE = Severity.WARNING
"""How urgent the incidents of a journey are by default outside of school hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPolicy:
    """What a verdict is weighed by.

    `places` is how many locations there are; `contacts` where to reach a service's owner; `relies_on` what each journey
    needs, in the order of its steps; `plan_b` the journey that plays what people fall back to. `is_school_time` answers
    for a journey and a moment, or with None where there are no bells; `otherwise` is how urgent a journey is outside of
    it. `degraded_counts`: what works and is degraded counts as broken. `mark` stands at the head of every first line,
    as in a drill. `announced` gives the silences that maintenance makes now.
    """

    zone: ZoneInfo
    policy: IncidentPolicy = field(default_factory=IncidentPolicy)
    routes: tuple[Route, ...] = ()
    places: int = 1
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
        """How urgent an incident is at a moment: what breaks before or in class is critical.

        Where nobody knows the bells, class may be held at any time. First Bell's own troubles are a warning: nobody's
        class has failed.
        """
        if incident.is_own:
            return Severity.WARNING
        journeys = {symptom.journey for symptom in incident.symptoms if symptom.ended_at is None}
        found = [self._severity(journey, now) for journey in journeys] or [Severity.WARNING]
        return min(found, key=list(Severity).index)

    def _severity(self, journey: str, now: datetime) -> Severity:
        if self.is_school_time(journey, now) in (True, None):
            return Severity.CRITICAL
        return self.otherwise.get(journey, OTHERWISE)
