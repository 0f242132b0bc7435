"""The school calendar: tells for each date whether school is in session, its cycle day, and its bells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from firstbell.runner.schedule.bells import BellSchedule

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SCHOOL_DAYS = WEEKDAYS  # By default.
DEFAULT = "default"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Dates from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + number * _ONE_DAY for number in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """Exceptions to the rule on some dates. A field that is None follows the rule."""

    dates: Span
    in_session: bool | None = None
    bells: str | None = None
    cycle_day: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One date of the calendar. `why` is the reason that it is not in session, or special."""

    date: date
    in_session: bool
    cycle_day: str
    bells: BellSchedule | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRules:
    """The rules of a calendar. `bells` maps a weekday, a cycle day or DEFAULT to the name of a schedule.

    Of two `special` entries about one date, the later one applies.
    """

    zone: ZoneInfo
    weekdays: frozenset[str] = frozenset(SCHOOL_DAYS)
    term: Span | None = None
    cycle: Sequence[str] = ()
    bells: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, BellSchedule] = field(default_factory=dict)
    special: Sequence[SpecialDay] = ()


class SchoolCalendar:
    """Looks up any date, and caches it: cycle days are counted from the first day of term."""

    def __init__(self, rules: CalendarRules) -> None:
        self.rules = rules
        self._days: dict[date, Day] = {}
        self._cycle_days: dict[date, str] = _cycle_days(rules)

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return self.rules.zone

    def day(self, day: date) -> Day:
        """Returns one date of the calendar."""
        if day not in self._days:
            self._days[day] = self._build(day)
        return self._days[day]

    def _build(self, day: date) -> Day:
        rules = self.rules
        in_session, why = _session(rules, day)
        cycle_day = self._cycle_days.get(day, "") if in_session else ""
        schedule = _special(rules, day, "bells")
        for key in (WEEKDAYS[day.weekday()], cycle_day, DEFAULT):
            schedule = schedule or rules.bells.get(key)
        bells = rules.schedules.get(schedule or "") if in_session else None
        return Day(date=day, in_session=in_session, cycle_day=cycle_day, bells=bells, why=why)


def _session(rules: CalendarRules, day: date) -> tuple[bool, str]:
    """Tells whether school is in session, and why not (or what is special)."""
    for special in reversed(rules.special):
        if day in special.dates and special.in_session is not None:
            return special.in_session, special.why or ("" if special.in_session else "closed")
    if rules.term is not None and day not in rules.term:
        return False, "outside the term"
    if WEEKDAYS[day.weekday()] not in rules.weekdays:
        return False, "no school on this weekday"
    return True, next((special.why for special in reversed(rules.special) if day in special.dates), "")


def _special(rules: CalendarRules, day: date, field_name: str) -> str | None:
    """Returns a field of the last special day about a date that sets it."""
    found = (getattr(special, field_name) for special in reversed(rules.special) if day in special.dates)
    return next((value for value in found if value is not None), None)


def _cycle_days(rules: CalendarRules) -> dict[date, str]:
    """Returns the cycle day of each date of the term. The cycle advances on each day in session; a date whose cycle day
    is set in the file sets where it continues."""
    if not rules.cycle or rules.term is None:
        return {}
    cycle_days, position = {}, 0
    for day in rules.term:
        if not _session(rules, day)[0]:
            continue
        configured = _special(rules, day, "cycle_day")
        if configured is not None and configured in rules.cycle:
            position = list(rules.cycle).index(configured)
        cycle_days[day] = rules.cycle[position % len(rules.cycle)]
        position += 1
    return cycle_days
