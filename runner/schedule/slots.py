"""Slots: when each journey is due, as a pure function of its rhythm and the calendar.

Local time comes in and is turned into UTC at once; the day is the unit that is planned, because only a day knows its
bells. A skipped hour moves what is due in it to the hour after; an hour that comes twice counts once.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from firstbell.runner.schedule.calendar import Day, SchoolCalendar
from firstbell.runner.schedule.crontab import due_between

# Cron means whole minutes, so its jitter stays inside one; the daily proof of life has ten to spread over.
CRON_SPREAD_S = 60.0
PROOF_SPREAD_S = 600.0


class Phase(Enum):
    """Why something is due when it is."""

    ROUND_THE_CLOCK = "round the clock"
    LEAD_IN = "lead-in"
    IN_CLASS = "in class"
    AFTER_HOURS = "after hours"
    PROOF_OF_LIFE = "proof of life"
    CRON = "cron"


class ClosedDays(Enum):
    """What is due on a day without school."""

    DAILY = "daily"
    AS_USUAL = "as usual"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadIn:
    """The time before a first bell in which a journey is played more often."""

    before_bell_s: float
    every_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When one journey is to be played. Either `crontab` or `every_s` holds; all durations in seconds."""

    journey: str
    every_s: float = 600.0
    crontab: str = ""
    follows_bells: bool = True
    lead_in: LeadIn | None = None
    after_hours_s: float = 7200.0
    closed_days: ClosedDays = ClosedDays.DAILY
    proof_of_life: time = time(7)
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Due:
    """One journey is due at one time (UTC)."""

    at: datetime
    journey: str
    phase: Phase


class Timetable:
    """The rhythms of all journeys, and the calendar. Remembers the days that it has worked out."""

    def __init__(self, rhythms: Sequence[Rhythm], calendar: SchoolCalendar) -> None:
        self.rhythms = {rhythm.journey: rhythm for rhythm in rhythms}
        self.calendar = calendar
        self._days: dict[date, list[Due]] = {}

    def due(self, since: datetime, until: datetime) -> list[Due]:
        """All that is due from `since` (included) to `until` (not), in order."""
        if until <= since:
            return []
        first, last = (moment.astimezone(self.calendar.zone).date() for moment in (since, until))
        first -= timedelta(days=1)  # Jitter can carry the last slot of a day past its midnight.
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [due for day in days for due in self._day(day) if since <= due.at < until]

    def _day(self, day: date) -> list[Due]:
        if day not in self._days:
            if len(self._days) > 7:  # a watch asks for today and tomorrow
                self._days.clear()
            made = (due for rhythm in self.rhythms.values() for due in of_day(rhythm, self.calendar, day))
            self._days[day] = sorted(made, key=lambda due: (due.at, due.journey))
        return self._days[day]


def of_day(rhythm: Rhythm, calendar: SchoolCalendar, day: date) -> Iterator[Due]:
    """When a journey is due on a date of the school's calendar."""
    told = calendar.day(day)
    start, end = _midnights(day, calendar)
    if not told.in_session and rhythm.closed_days is not ClosedDays.AS_USUAL:
        if rhythm.closed_days is ClosedDays.DAILY:
            at = _at(day, rhythm.proof_of_life, calendar)
            yield _due(rhythm, at + timedelta(seconds=spread_s(rhythm.journey, PROOF_SPREAD_S)), Phase.PROOF_OF_LIFE)
    elif rhythm.crontab:
        late = timedelta(seconds=spread_s(rhythm.journey, CRON_SPREAD_S))
        for at in due_between(rhythm.crontab, start, end, calendar.zone):
            yield _due(rhythm, at + late, Phase.CRON)
    elif rhythm.follows_bells and told.bells is not None:
        yield from _around_bells(rhythm, told, calendar, start, end)
    else:
        for at in _each(rhythm, rhythm.every_s, start, end):
            yield _due(rhythm, at, Phase.ROUND_THE_CLOCK)


def _around_bells(rhythm: Rhythm, day: Day, calendar: SchoolCalendar, start: datetime, end: datetime) -> Iterator[Due]:
    """Often before each first bell, as configured while class is held, seldom for the rest of the day."""
    assert day.bells is not None  # noqa: S101  # the caller has looked
    bells = [_at(day.date, bell, calendar) for bell in day.bells.first_bells(rhythm.groups)]
    home = _at(day.date, day.bells.closing_bell(rhythm.groups), calendar)
    leads: list[tuple[datetime, datetime]] = []
    if rhythm.lead_in is not None:
        before = timedelta(seconds=rhythm.lead_in.before_bell_s)
        leads = _merged([(max(start, bell - before), bell) for bell in bells])
        for begins, bell in leads:
            yield from (_due(rhythm, at, Phase.LEAD_IN) for at in _each(rhythm, rhythm.lead_in.every_s, begins, bell))

    def is_free(at: datetime) -> bool:
        return not any(begins <= at < bell for begins, bell in leads)

    for at in filter(is_free, _each(rhythm, rhythm.every_s, bells[0], home)):
        yield _due(rhythm, at, Phase.IN_CLASS)
    for begins, ends in ((start, bells[0]), (home, end)):
        for at in filter(is_free, _each(rhythm, rhythm.after_hours_s, begins, ends)):
            yield _due(rhythm, at, Phase.AFTER_HOURS)


def is_school_time(rhythm: Rhythm, calendar: SchoolCalendar, at: datetime) -> bool | None:
    """Whether a journey's groups are in class at a moment, or about to be (its lead-in); None without bells."""
    day = calendar.day(at.astimezone(calendar.zone).date())
    if not day.in_session:
        return False
    if day.bells is None:
        return None
    before = timedelta(seconds=rhythm.lead_in.before_bell_s if rhythm.lead_in else 0.0)
    first = min(_at(day.date, bell, calendar) for bell in day.bells.first_bells(rhythm.groups))
    return first - before <= at < _at(day.date, day.bells.closing_bell(rhythm.groups), calendar)


def _each(rhythm: Rhythm, every_s: float, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """Every so often inside a span: on a grid that starts at the epoch, moved by the journey's own jitter.

    A grid that does not depend on when the service started gives the same slots after a restart.
    """
    moved_s = spread_s(rhythm.journey, every_s)
    number = math.ceil((begins.timestamp() - moved_s) / every_s)
    while (at := datetime.fromtimestamp(number * every_s + moved_s, UTC)) < ends:
        yield at
        number += 1


def spread_s(journey: str, over_s: float) -> float:
    """The jitter of a journey: whole seconds under `over_s`, always the same for the same name."""
    digest = hashlib.sha256(journey.encode()).digest()
    return float(int(int.from_bytes(digest[:8]) / 2**64 * over_s))


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(spans):
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((begins, ends))
    return merged


def _midnights(day: date, calendar: SchoolCalendar) -> tuple[datetime, datetime]:
    return _at(day, time(), calendar), _at(day + timedelta(days=1), time(), calendar)


def _at(day: date, clock: time, calendar: SchoolCalendar) -> datetime:
    return datetime.combine(day, clock, calendar.zone).astimezone(UTC)


def _due(rhythm: Rhythm, at: datetime, phase: Phase) -> Due:
    return Due(at=at, journey=rhythm.journey, phase=phase)
