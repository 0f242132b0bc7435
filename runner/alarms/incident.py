"""Incidents: one for everything that one service breaks at a time, from opening to close.

Each journey has a health of its own (`journey_health.py`). Journeys that the same service breaks are symptoms of one
incident, so that a sign-in that is down sends one alarm and not six; each symptom still ends by itself, and the
incident closes with its last one. A journey that cannot be judged opens the operator's incident, which blames no
service. `rules/advance.py` decides what an observation changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from firstbell.runner.alarms.journey_health import Health, HealthReason, HealthRules
from firstbell.runner.alarms.observation import Track
from firstbell.runner.alarms.part import Part

PROBE_SUBJECT = "first-bell"
"""Subject of the incident of journeys that First Bell cannot judge."""

UNKNOWN_SERVICE = "unknown"
"""Subject of the incident of failures that no service can be blamed for."""

# An incident that opens and closes for months is written anew with every run: its story has to stay short.
ENDED_KEPT, NEWS_KEPT = 20, 50


class IncidentEvent(Enum):
    """Effect of an observation on an incident. The words go to the incident's history."""

    OPENED = "opened"
    OPENED_AGAIN = "opened again"
    JOINED = "another journey joined"
    SPREAD = "another location joined"
    BLOCKED = "cannot be tested"
    SYMPTOM_ENDED = "one journey works again"
    SYMPTOM_RETIRED = "one journey is no longer watched"
    CLOSED_BY_HAND = "closed by hand"
    CLOSED = "closed"
    NOTHING_NEW = "nothing new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One journey that an incident breaks: since when, where, and the failure. It is over if `ended_at` is set.
    `part` is set where it is no journey but a part of First Bell. The names of the fields are stored.

    `occurrence` counts from 1 where the step stands several times in a journey. `seen_well` are locations where the
    step passed since; `blocked_by` is the service that fails before the step is reached. `passes` of `passes_needed`
    were seen in a row, at the location that has the fewest. `is_retired`: it ended because it is no longer watched.
    `is_by_hand`: a person closed its incident. `failed_at` is when each location saw the failure last.
    """

    journey: str
    since: datetime
    locations: tuple[str, ...]
    actor: str
    step: str
    said: str
    run_id: str
    ended_at: datetime | None = None
    part: Part | None = None
    occurrence: int = 1
    seen_well: tuple[str, ...] = ()
    blocked_by: str = ""
    passes: int = 0
    passes_needed: int = 0
    is_retired: bool = False
    is_by_hand: bool = False
    failed_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def progress(self) -> str:
        """Words for how far it is from its end; empty where nothing is to be said."""
        if self.ended_at is not None:
            return ""
        if self.blocked_by:
            return until_back(self.blocked_by)
        return f"{min(self.passes, self.passes_needed)} of {self.passes_needed} passes" if self.passes else ""

    def is_current(self, journey: str) -> bool:
        """True if it is a symptom of this journey and not over."""
        return self.journey == journey and self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident. `subject` is the service, PROBE_SUBJECT, or a part of First Bell; `openings` counts how often it
    opened, and `begins` is the position of the first symptom of the present opening. `news` names the latest journeys
    and locations that joined it after it opened, in order. `symptoms_left_out` and `news_left_out` count the ones that
    `shortened` has taken out. `closed_by` closed it by hand, for the reason `closed_why`. The names of the fields are
    stored."""

    number: int
    subject: str
    owner: str
    opened_at: datetime
    symptoms: tuple[Symptom, ...]
    closed_at: datetime | None = None
    openings: int = 1
    begins: int = 0
    news: tuple[str, ...] = ()
    symptoms_left_out: int = 0
    news_left_out: int = 0
    closed_by: str = ""
    closed_why: str = ""

    @property
    def told(self) -> int:
        """The number of all news so far, also of those that are left out."""
        return self.news_left_out + len(self.news)

    def news_after(self, told: int) -> tuple[str, ...]:
        """Returns the news after the first `told` ones, without those that are left out."""
        return self.news[max(0, told - self.news_left_out) :]

    def shortened(self) -> Incident:
        """Returns the incident with a bounded story: of the symptoms that are over it keeps the first, that of the
        present opening, the latest `ENDED_KEPT`, and the latest of each journey with each set of locations, by which a
        relapse is known."""
        ended = [at for at, symptom in enumerate(self.symptoms) if symptom.ended_at is not None]
        if len(ended) <= ENDED_KEPT + 1 and len(self.news) <= NEWS_KEPT:
            return self
        latest = {(self.symptoms[at].journey, self.symptoms[at].locations): at for at in ended}
        kept = {*ended[:1], self.begins, *ended[-ENDED_KEPT:], *latest.values()}
        gone = set(ended) - kept
        return replace(
            self,
            symptoms=tuple(symptom for at, symptom in enumerate(self.symptoms) if at not in gone),
            begins=self.begins - sum(at < self.begins for at in gone),
            symptoms_left_out=self.symptoms_left_out + len(gone),
            news=self.news[-NEWS_KEPT:],
            news_left_out=self.told - len(self.news[-NEWS_KEPT:]),
        )

    @property
    def is_own(self) -> bool:
        """True for the operator's incidents: a journey that cannot be judged, or a part of First Bell that fails."""
        return self.subject == PROBE_SUBJECT or any(symptom.part is not None for symptom in self.symptoms)

    @property
    def is_open(self) -> bool:
        """True until it is closed."""
        return self.closed_at is None

    @property
    def is_retired(self) -> bool:
        """True if it closed because a symptom is no longer watched, which was not seen to work."""
        last = [symptom for symptom in self.symptoms if symptom.ended_at == self.closed_at]
        return not self.is_open and any(symptom.is_retired for symptom in last)

    @property
    def is_seen_well(self) -> bool:
        """True if it closed because its service was seen to work."""
        return not self.is_open and not self.is_retired and not self.closed_by

    @property
    def since(self) -> datetime:
        """Beginning of the first symptom of the present opening, which is before it was confirmed."""
        return min(symptom.since for symptom in self.symptoms[self.begins :])

    def is_seen(self, watching_since: Mapping[str, datetime]) -> bool:
        """True if a symptom that goes on was seen to fail since the present watch over a location began. The parts of
        First Bell are watched by themselves."""
        return any(
            symptom.part is not None or (place in watching_since and at >= watching_since[place])
            for symptom in self.current_symptoms
            for place, at in (symptom.failed_at or {"": self.opened_at}).items()
        )

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

    def set_back(self, at: datetime, now: datetime) -> AlarmState:
        """Returns the state with each sample of the future taken for one of a moment, as a clock that went astray wrote
        it: observations after it would be older than it, and change nothing."""
        watched = {key: replace(seen, health=seen.health.set_back(at, now)) for key, seen in self.watched.items()}
        return replace(self, watched=watched)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChange:
    """Change of one incident, and why. `incident` is the incident after it; None where there is none."""

    event: IncidentEvent
    reason: HealthReason
    incident: Incident | None = None


def until_back(service: str) -> str:
    """Returns the words for a symptom that cannot be tested because a service fails before its step is reached."""
    return f"cannot be tested until {service} is back"
