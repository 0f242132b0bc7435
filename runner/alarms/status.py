"""Status of all journeys and incidents, and its level: ok, warning, critical or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.routing import IncidentStatus, Severity
from firstbell.runner.outcome import Outcome

UNDER_CONSTRUCTION = "under construction (alarms nobody until it has passed there once)"
SILENT_AFTER = timedelta(minutes=5)
"""Default time after which a location that sends no sign of life is reported to the operator."""


class Level(IntEnum):
    """Level of a status, by the exit codes of Nagios plug-ins (Monitoring Plugins guidelines, "Plugin Return Codes")"""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStatus:
    """One journey at one location: its last run, the service that breaks it, and whether it can be judged.
    `under_construction`: it has never passed there, so that it says nothing yet, good or bad."""

    journey: str
    location: str
    outcome: str
    at: datetime
    took_s: float
    broken_by: str = ""
    is_unseen: bool = False
    under_construction: bool = False

    @property
    def is_ok(self) -> bool:
        """True if it passed, can be judged, and no service breaks it."""
        return self.outcome == Outcome.PASSED and not self.broken_by and not self.is_unseen

    @property
    def is_unknown(self) -> bool:
        """True if it is not ok and no service is blamed for it yet."""
        return not self.is_ok and not self.broken_by and not self.under_construction


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationWatch:
    """The watch over one location: when its service was last alive (None: never), and whether a person stopped it."""

    location: str
    last_seen: datetime | None
    is_stopped: bool = False

    def is_alive(self, at: datetime, silent_after: timedelta) -> bool:
        """True while its service runs: the last results of a location say nothing once it is gone."""
        return self.last_seen is not None and not self.is_stopped and at - self.last_seen <= silent_after

    def text(self, zone: ZoneInfo) -> str:
        """Returns since when nothing watches there."""
        if self.last_seen is None:
            return f"not watching at {self.location} yet"
        state = "stopped" if self.is_stopped else "not watching"
        return f"{state} at {self.location} since {self.last_seen.astimezone(zone):%a %H:%M %Z}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Status of some locations, each with its watch. `waiting_since` is since when the oldest notice waits, `dead` how
    many notices were given up."""

    at: datetime
    watches: Sequence[LocationWatch]
    journeys: Sequence[JourneyStatus]
    incidents: Sequence[IncidentStatus]
    silent_after: timedelta
    waiting_since: datetime | None = None
    dead: int = 0

    @property
    def unwatched(self) -> list[LocationWatch]:
        """The locations at which no service runs."""
        return [watch for watch in self.watches if not watch.is_alive(self.at, self.silent_after)]

    @property
    def is_watched(self) -> bool:
        """True while a service runs at each location."""
        return not self.unwatched

    @property
    def last_seen(self) -> datetime | None:
        """The last moment at which all locations were watched; None if one never was."""
        seen = [watch.last_seen for watch in self.watches if watch.last_seen is not None]
        return min(seen) if len(seen) == len(self.watches) else None

    @property
    def level(self) -> Level:
        """Level: a broken service that some location watches comes before locations without a watch and the
        operator's incidents, and these before unknown journeys and notices that were given up."""
        services = [status.severity for status in self.incidents if not status.incident.is_own]
        if len(self.unwatched) < len(self.watches) and Severity.CRITICAL in services:
            return Level.CRITICAL
        if not self.is_watched or not self._finished or any(status.incident.is_own for status in self.incidents):
            return Level.UNKNOWN
        is_unknown = any(journey.is_unknown for journey in self.journeys)
        return Level.WARNING if services or self.dead or is_unknown else Level.OK

    def summary(self, zone: ZoneInfo) -> str:
        """The status in one line, with times in a zone."""
        broken = [_incident_text(status) for status in self.incidents if not status.incident.is_own]
        unwatched = [watch.text(zone) for watch in self.unwatched]
        if unwatched:
            unwatched[-1] += ", start it with: firstbell watch"
        if len(self.unwatched) == len(self.watches):
            return "; ".join([*unwatched, *(f"open when it was last seen: {text}" for text in broken)])
        parts = broken or list(map(_incident_text, self.incidents))
        parts = [*parts, *unwatched] if parts or unwatched else [self._count_text]
        new = [journey for journey in self.journeys if journey.under_construction]
        parts += [f"{journey.journey} at {journey.location}: {UNDER_CONSTRUCTION}" for journey in new]
        unknown = [journey for journey in self.journeys if journey.is_unknown]
        parts += [f"{journey.journey} at {journey.location}: {_unknown_text(journey)}" for journey in unknown]
        if self.dead:
            parts.append(f"{self.dead} notices could not be delivered")
        return "; ".join(parts)

    @property
    def _finished(self) -> list[JourneyStatus]:
        """The journeys that have passed at their location before."""
        return [journey for journey in self.journeys if not journey.under_construction]

    @property
    def _count_text(self) -> str:
        ok, total = sum(journey.is_ok for journey in self._finished), len(self._finished)
        if not total:
            return "no journey has passed yet" if self.journeys else "no journey has run yet"
        journeys = len({journey.journey for journey in self._finished})
        locations = len({journey.location for journey in self._finished})
        where = f"{locations} location{'' if locations == 1 else 's'}"
        if ok == total:
            return f"{journeys} journey{'' if journeys == 1 else 's'} OK from {where}"
        return f"{ok} of {total} journeys OK from {where}"


def _unknown_text(journey: JourneyStatus) -> str:
    return "failed, not confirmed yet" if journey.outcome == Outcome.FAILED else f"not judged ({journey.outcome})"


def _incident_text(status: IncidentStatus) -> str:
    incident = status.incident
    journeys = ", ".join(dict.fromkeys(symptom.journey for symptom in incident.current_symptoms))
    acknowledged = f", acknowledged by {status.acknowledged_by}" if status.acknowledged_at else ""
    if incident.is_own:
        return f"not judged: {journeys}{acknowledged}"
    service = f"{incident.subject}, {incident.owner}" if incident.owner else incident.subject
    progress = sorted({symptom.progress for symptom in incident.current_symptoms if symptom.progress})
    told = f" ({'; '.join(progress)})" if progress else ""
    return f"{journeys} broken by {service}{told}{acknowledged}"
