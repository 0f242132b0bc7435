"""Silences: a person, or announced maintenance, holds back the notices of what is known to be broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from firstbell.runner.alarms.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Suppression of notices until a moment, with its author and reason. Empty fields match everything."""

    number: int
    until: datetime
    by: str
    why: str
    service: str = ""
    journey: str = ""
    location: str = ""

    def matches(self, journey: str, location: str) -> bool:
        """True if the silence is about a journey at a location."""
        return self.journey in ("", journey) and self.location in ("", location)


def is_covered(incident: Incident, silences: Iterable[Silence], now: datetime) -> bool:
    """Returns whether the silences in force cover, together, each journey of an incident at each location that sees it
    broken; once it is closed, each that saw it broken."""
    in_force = [one for one in silences if now < one.until and one.service in ("", incident.subject)]
    broken = [
        (symptom.journey, location) for symptom in incident.current_symptoms for location in symptom.locations or ("",)
    ]
    return bool(broken) and all(
        any(silence.matches(journey, location) for silence in in_force) for journey, location in broken
    )
