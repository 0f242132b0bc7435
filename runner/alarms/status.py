"""How everything is at the moment, and what that comes to: well, warning, critical, or nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from firstbell.runner.alarms.routing import IncidentStatus, Severity
from firstbell.runner.outcome import Outcome

SILENT_AFTER = timedelta(minutes=5)
"""How long a location may not be heard of, by default, before people are told."""


class Level(IntEnum):
    """What it comes to, in the exit codes of Nagios plug-ins (Monitoring Plugins guidelines, "Plugin Return Codes")."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStatus:
    """One journey at one location: its last run, which service breaks it, and whether it can be judged at all."""

    journey: str
    location: str
    outcome: str
    at: datetime
    took_s: float
    broken_by: str = ""
    is_unseen: bool = False

    @property
    def is_well(self) -> bool:
        """Whether it is known to be well: what could not be judged, or failed a moment ago, is not."""
        return self.outcome == Outcome.PASSED and not self.broken_by and not self.is_unseen

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody knows how it is: it is not well, and no service is blamed for it yet."""
        return not self.is_well and not self.broken_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything. `heard` is when this location's service was last there (None: never), `waiting_since` since when the
    oldest notice waits, `dead` how many were given up."""

    at: datetime
    location: str
    journeys: Sequence[JourneyStatus]
    incidents: Sequence[IncidentStatus]
    heard: datetime | None
    silent_after: timedelta
    waiting_since: datetime | None = None
    dead: int = 0

    @property
    def is_watched(self) -> bool:
        """Whether the service is there: what it last saw says nothing once it is gone."""
        return self.heard is not None and self.at - self.heard <= self.silent_after

    @property
    def level(self) -> Level:
        """What it comes to. A service that is broken goes before our own troubles, which go before what is in doubt and
        what could not be delivered."""
        services = [one.severity for one in self.incidents if not one.incident.is_own]
        if self.is_watched and Severity.CRITICAL in services:
            return Level.CRITICAL
        if not self.is_watched or not self.journeys or any(one.incident.is_own for one in self.incidents):
            return Level.UNKNOWN
        is_doubtful = any(one.is_doubtful for one in self.journeys)
        return Level.WARNING if services or self.dead or is_doubtful else Level.OK

    @property
    def summary(self) -> str:
        """One line."""
        if self.heard is None:
            return f"First Bell has never watched at {self.location}; start it with: firstbell watch"
        if not self.is_watched:
            minutes = round((self.at - self.heard).total_seconds() / 60)
            return f"First Bell has not watched at {self.location} for {minutes} min: nothing is known"
        broken = [one for one in self.incidents if not one.incident.is_own]
        parts = [_status_text(one) for one in (broken or self.incidents)]
        if not parts:
            parts = [self._wellness]
        parts += [f"{one.journey} at {one.location}: {_warning_text(one)}" for one in self.journeys if one.is_doubtful]
        if self.dead:
            parts.append(f"{self.dead} notices could not be delivered")
        return "; ".join(parts)

    @property
    def _wellness(self) -> str:
        well, all_ = sum(one.is_well for one in self.journeys), len(self.journeys)
        if not all_:
            return "nothing has run yet"
        return f"all {all_} journeys are well" if well == all_ else f"{well} of {all_} journeys are well"


def _warning_text(one: JourneyStatus) -> str:
    return "failed, not confirmed yet" if one.outcome == Outcome.FAILED else f"not judged ({one.outcome})"


def _status_text(one: IncidentStatus) -> str:
    incident = one.incident
    symptoms = [symptom for symptom in incident.symptoms if symptom.ended_at is None] or list(incident.symptoms)
    journeys = ", ".join(dict.fromkeys(symptom.journey for symptom in symptoms))
    hand = f", in hand: {one.acknowledged_by}" if one.acknowledged_at else ""
    if incident.is_own:
        return f"not judged: {journeys}{hand}"
    whose = f"{incident.subject}, {incident.owner}" if incident.owner else incident.subject
    return f"{journeys} broken by {whose}{hand}"
