"""The parts of the file that say when: bells, calendar, maintenance, and each journey's rhythm."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from firstbell.runner.alarms.policy import OTHERWISE
from firstbell.runner.alarms.routing import Severity
from firstbell.runner.config.browsers import BrowserName
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.sections.section import Name, Section
from firstbell.runner.schedule.bells import EVERYBODY
from firstbell.runner.schedule.calendar import SCHOOL_DAYS, WEEKDAYS, Span
from firstbell.runner.schedule.crontab import refusal_of
from firstbell.runner.schedule.slots import ClosedDays, Rhythm

_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?")
LONGEST_DAYS = 1100
_RHYTHM = Rhythm(journey="")


def _span(value: object) -> object:
    """A date, or "first..last"."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return Span(first=value, last=value)
    found = _DATES.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if not found:
            raise ValueError
        first, last = (date.fromisoformat(text) for text in (found[1], found[2] or found[1]))
    except ValueError:
        raise ValueError('write a date or a span of dates, such as "2026-11-25" or "2026-11-25..2026-11-27"') from None
    if not 0 <= (last - first).days <= LONGEST_DAYS:
        raise ValueError("a span of dates ends after it begins, and within three years")
    return Span(first=first, last=last)


def _weekdays(value: object) -> object:
    """ "mon-fri" or "mon, wed, fri"."""
    days: list[str] = []
    for part in str(value).lower().split(","):
        first, _, last = part.strip().partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError('write weekdays as "mon-fri" or "mon, wed, fri"')
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days += WEEKDAYS[begin : end + 1] if begin <= end else (*WEEKDAYS[begin:], *WEEKDAYS[: end + 1])
    return tuple(days)


def _crontab(value: str) -> str:
    if value and (refusal := refusal_of(value)):
        raise ValueError(refusal)
    return value


def _by_group(value: object) -> object:
    """One time for everybody, or a table of times by group."""
    return value if isinstance(value, dict) else {EVERYBODY: value}


Dates = Annotated[
    Span, BeforeValidator(_span), WithJsonSchema({"type": "string", "examples": ["2026-11-25..2026-11-27"]})
]
Weekdays = Annotated[
    tuple[str, ...], BeforeValidator(_weekdays), WithJsonSchema({"type": "string", "examples": ["mon-fri"]})
]
Crontab = Annotated[str, AfterValidator(_crontab)]
_A_BELL = {"anyOf": [{"type": "string", "format": "time"}, {"type": "object"}], "examples": ["08:00:00"]}
Bell = Annotated[dict[str, time], BeforeValidator(_by_group), WithJsonSchema(_A_BELL)]


class PeriodSection(Section):
    """A period of a bell schedule, for people to read."""

    name: str = Field(min_length=1, description="The period's name.")
    start: time = Field(description="When it begins.")
    end: time = Field(description="When it ends.")


class BellsSection(Section):
    """A bell schedule, in the school's time."""

    name: Name = Field(description="The name that the calendar uses.", examples=["regular"])
    first_bell: Bell = Field(description="One time, or one for each group.")
    last_bell: Bell = Field(description="One time, or one for each group.")
    periods: tuple[PeriodSection, ...] = Field((), description="The periods.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> BellsSection:
        if max(self.first_bell.values()) >= min(self.last_bell.values()):
            raise ValueError("the last bell rings after every first bell")
        return self


class SpecialSection(Section):
    """Dates that differ from the rule: a day off, a snow day, an early release."""

    dates: Dates = Field(description="A date, or a span such as `2026-11-25..2026-11-27`.")
    in_session: bool | None = Field(None, strict=True, description="True if there is school.")
    bells: Name | None = Field(None, description="The bell schedule of these dates.")
    cycle_day: str | None = Field(None, description="The cycle day of the date; the cycle goes on from there.")
    why: str = Field("", description="The reason, for people.")


class CalendarSection(Section):
    """Days with school. Without this table every day has school."""

    in_session: Weekdays = Field(SCHOOL_DAYS, description="Weekdays with school, such as `mon-fri`.")
    term: Dates | None = Field(
        None, description="The school year, such as `2026-08-24..2027-06-10`; no school outside it."
    )
    closed: tuple[Dates, ...] = Field((), description="Dates or spans of dates without school.")
    cycle: tuple[str, ...] = Field(
        (),
        description="Cycle days in order, such as `A` and `B`; counted from the first day of `term`.",
        examples=[["A", "B"]],
    )
    bells: dict[str, Name] = Field(
        default_factory=dict,
        description="The bell schedule of each weekday or cycle day, `default` for the others; or one for all days.",
    )
    days: tuple[SpecialSection, ...] = Field((), description="Dates that differ.")
    proof_of_life: time = Field(
        _RHYTHM.proof_of_life, description="When each journey runs once on a day without school."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """`bells = "regular"` is short for a table with only `default`."""
        if isinstance(given, dict) and isinstance(given.get("bells"), str):
            return given | {"bells": {"default": given["bells"]}}
        return given

    @model_validator(mode="after")
    def _cycle_has_a_beginning(self) -> CalendarSection:
        if self.cycle and self.term is None:
            raise ValueError("a cycle is counted from the first day of term; add term")
        return self


class MaintenanceSection(Section):
    """Announced maintenance: one window with `start` and `end`, or a calendar in `ics`."""

    services: tuple[Name, ...] = Field((), description="The services in maintenance; without it, all.")
    start: datetime | None = Field(None, description="Begin, in the school's time.", examples=["2026-12-05T22:00:00"])
    end: datetime | None = Field(None, description="End, in the school's time.")
    ics: str = Field("", description="An iCalendar file or address with maintenance windows.")
    run: bool = Field(default=True, strict=True, description="Play journeys during the window.")
    why: str = Field("", description="The reason, for history.")

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> MaintenanceSection:
        if bool(self.ics) == bool(self.start or self.end):
            raise ValueError("give start and end, or ics")
        if not self.ics and (self.start is None or self.end is None):
            raise ValueError("give both start and end")
        if self.start and self.end and self.start.replace(tzinfo=None) >= self.end.replace(tzinfo=None):
            raise ValueError("it ends after it starts")
        return self


class LeadInSection(Section):
    """More frequent runs before a first bell."""

    before_bell: Seconds = Field(description="How long before each first bell it begins.")
    every: Seconds = Field(description="The interval in that time.")


class JourneySection(Section):
    """One journey: its timing, people, browser and severity."""

    enabled: bool = Field(
        default=True, strict=True, description="Play it on the schedule and when no journey is named."
    )
    plays: Name = Field("", description="The journey to play under this name; without it, the journey of this name.")
    relies_on: tuple[Name, ...] = Field((), description="The services that it needs, if its marker names none.")
    deadline: Seconds = Field(90.0, description="The longest time for an attempt; then it is ended by force.")
    confirm: bool = Field(default=True, strict=True, description="Play a failed first attempt once more.")
    groups: tuple[Name, ...] = Field((), description="The groups whose bells and accounts it uses.")
    browser: BrowserName = Field("", description="The browser of its people; without it, that of `[browser]`.")
    every: Seconds | None = Field(
        None, description=f"The interval in school hours; without `every` and `crontab`, {_RHYTHM.every_s / 60:.0f}m."
    )
    crontab: Crontab = Field("", description="A cron expression in the school's time, instead of `every`.")
    lead_in: LeadInSection | None = Field(None, description="More frequent runs before a first bell.")
    after_hours: Seconds = Field(
        _RHYTHM.after_hours_s, description="The interval outside school hours, if there are bells."
    )
    hours: Literal["school", "always"] = Field(
        "school" if _RHYTHM.follows_bells else "always",
        description="`school`: `every` applies in school hours; `always`: around the clock.",
    )
    closed_days: ClosedDays = Field(
        _RHYTHM.closed_days, description="On days without school: once a day, as usual, or never."
    )
    severity: Severity = Field(
        OTHERWISE, description="Severity of its incidents outside school hours; in them it is critical."
    )

    @property
    def every_s(self) -> float:
        """How often, where no crontab says when."""
        return _RHYTHM.every_s if self.every is None else self.every
