"""Computes when each journey is due: a pure function of its rhythm and the calendar.

Local times are converted to UTC at once. Days are planned one by one, because bells differ by day. On DST nights, times
in the skipped hour move to the hour after, and times in the repeated hour count once.
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

# Cron counts in minutes, so its jitter stays within one; the daily proof of life is spread over ten.
CRON_SPREAD_S = 60.0
PROOF_SPREAD_S = 600.0


class Phase(Enum):
    """The reason for a due time."""

    ROUND_THE_CLOCK = "round the clock"
    LEAD_IN = "lead-in"
    IN_CLASS = "in class"
    AFTER_HOURS = "after hours"
    PROOF_OF_LIFE = "proof of life"
    CRON = "cron"


class ClosedDays(Enum):
    """The rule for a day without school."""

    DAILY = "daily"
    AS_USUAL = "as usual"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadIn:
    """The time before a first bell in which a journey is due more often."""

    before_bell_s: float
    every_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """The intervals of one journey, in seconds. `crontab`, if not empty, replaces `every_s`."""

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
    """A due time of one journey, in UTC."""

    at: datetime
    journey: str
    phase: Phase


class Timetable:
    """The rhythms of all journeys, and the calendar. Caches the days that it has computed."""

    def __init__(self, rhythms: Sequence[Rhythm], calendar: SchoolCalendar) -> None:
        self.rhythms = {rhythm.journey: rhythm for rhythm in rhythms}
        self.calendar = calendar
        self._days: dict[date, list[Due]] = {}

    def due(self, since: datetime, until: datetime) -> list[Due]:
        """Returns all due times from `since` (included) to `until` (excluded), in order."""
        if until <= since:
            return []
        first, last = (at.astimezone(self.calendar.zone).date() for at in (since, until))
        first -= timedelta(days=1)  # Jitter can carry the last slot of a day past its midnight.
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [due for day in days for due in self._day(day) if since <= due.at < until]

    def _day(self, day: date) -> list[Due]:
        if day not in self._days:
            if len(self._days) > 7:  # The planner asks for today and tomorrow.
                self._days.clear()
            dues = (due for rhythm in self.rhythms.values() for due in due_on(rhythm, self.calendar, day))
            self._days[day] = sorted(dues, key=lambda due: (due.at, due.journey))
        return self._days[day]


def due_on(rhythm: Rhythm, calendar: SchoolCalendar, day: date) -> Iterator[Due]:
    """Yields when a journey is due on a date of the school's calendar."""
    school_day = calendar.day(day)
    start, end = _midnights(day, calendar)
    if not school_day.in_session and rhythm.closed_days is not ClosedDays.AS_USUAL:
        if rhythm.closed_days is ClosedDays.DAILY:
            at = _at(day, rhythm.proof_of_life, calendar)
            yield _due(rhythm, at + timedelta(seconds=spread_s(rhythm.journey, PROOF_SPREAD_S)), Phase.PROOF_OF_LIFE)
    elif rhythm.crontab:
        jitter = timedelta(seconds=spread_s(rhythm.journey, CRON_SPREAD_S))
        for at in due_between(rhythm.crontab, start, end, calendar.zone):
            yield _due(rhythm, at + jitter, Phase.CRON)
    elif rhythm.follows_bells and school_day.bells is not None:
        yield from _around_bells(rhythm, school_day, calendar, start, end)
    else:
        for at in _each(rhythm, rhythm.every_s, start, end):
            yield _due(rhythm, at, Phase.ROUND_THE_CLOCK)


def _around_bells(rhythm: Rhythm, day: Day, calendar: SchoolCalendar, start: datetime, end: datetime) -> Iterator[Due]:
    """Yields frequent times before each first bell, the configured interval in class, and rare times after hours."""
    assert day.bells is not None  # noqa: S101  # due_on has checked
    bells = [_at(day.date, bell, calendar) for bell in day.bells.first_bells(rhythm.groups)]
    closing = _at(day.date, day.bells.closing_bell(rhythm.groups), calendar)
    lead_ins: list[tuple[datetime, datetime]] = []
    if rhythm.lead_in is not None:
        before = timedelta(seconds=rhythm.lead_in.before_bell_s)
        lead_ins = _merged([(max(start, bell - before), bell) for bell in bells])
        for begins, bell in lead_ins:
            yield from (_due(rhythm, at, Phase.LEAD_IN) for at in _each(rhythm, rhythm.lead_in.every_s, begins, bell))

    def is_outside_lead_ins(at: datetime) -> bool:
        return not any(begins <= at < bell for begins, bell in lead_ins)

    for at in filter(is_outside_lead_ins, _each(rhythm, rhythm.every_s, bells[0], closing)):
        yield _due(rhythm, at, Phase.IN_CLASS)
    for begins, ends in ((start, bells[0]), (closing, end)):
        for at in filter(is_outside_lead_ins, _each(rhythm, rhythm.after_hours_s, begins, ends)):
            yield _due(rhythm, at, Phase.AFTER_HOURS)


def is_school_time(rhythm: Rhythm, calendar: SchoolCalendar, at: datetime) -> bool | None:
    """Tells whether a journey's groups are in class at a time, or in its lead-in; None without bells."""
    day = calendar.day(at.astimezone(calendar.zone).date())
    if not day.in_session:
        return False
    if day.bells is None:
        return None
    before = timedelta(seconds=rhythm.lead_in.before_bell_s if rhythm.lead_in else 0.0)
    first = min(_at(day.date, bell, calendar) for bell in day.bells.first_bells(rhythm.groups))
    return first - before <= at < _at(day.date, day.bells.closing_bell(rhythm.groups), calendar)


def _each(rhythm: Rhythm, every_s: float, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """Yields times at an interval within a span: on a grid that starts at the epoch, shifted by the journey's jitter.

    The grid does not depend on the start of the service, so a restart gives the same slots.
    """
    shift_s = spread_s(rhythm.journey, every_s)
    number = math.ceil((begins.timestamp() - shift_s) / every_s)
    while (at := datetime.fromtimestamp(number * every_s + shift_s, UTC)) < ends:
        yield at
        number += 1


def spread_s(journey: str, over_s: float) -> float:
    """Returns the jitter of a journey: whole seconds below `over_s`, always the same for one name."""
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
