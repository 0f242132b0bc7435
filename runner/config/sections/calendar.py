"""`[[bells]]`, `[calendar]` and `[[maintenance]]`: the school's times."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from firstbell.runner.config.sections import Name, Section
from firstbell.runner.schedule.bells import ALL_GROUPS
from firstbell.runner.schedule.calendar import SCHOOL_DAYS, WEEKDAYS, Span
from firstbell.runner.schedule.slots import Rhythm

_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?")
LONGEST_DAYS = 1100
_RHYTHM = Rhythm(journey="")


def _span(value: object) -> object:
    """Parses a date, or a span such as "2026-11-25..2026-11-27"."""
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
        raise ValueError("a span of dates ends after it begins, and within three years; correct its dates")
    return Span(first=first, last=last)


def _weekdays(value: object) -> object:
    """Parses weekdays such as "mon-fri" or "mon, wed, fri"."""
    days: list[str] = []
    for part in str(value).lower().split(","):
        first, _, last = part.strip().partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError('write weekdays as "mon-fri" or "mon, wed, fri"')
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days += WEEKDAYS[begin : end + 1] if begin <= end else (*WEEKDAYS[begin:], *WEEKDAYS[: end + 1])
    return tuple(days)


def _by_group(value: object) -> object:
    """Parses one time for all groups, or a table of times by group."""
    return value if isinstance(value, dict) else {ALL_GROUPS: value}


Dates = Annotated[
    Span, BeforeValidator(_span), WithJsonSchema({"type": "string", "examples": ["2026-11-25..2026-11-27"]})
]
Weekdays = Annotated[
    tuple[str, ...], BeforeValidator(_weekdays), WithJsonSchema({"type": "string", "examples": ["mon-fri"]})
]
_BELL_SCHEMA = {"anyOf": [{"type": "string", "format": "time"}, {"type": "object"}], "examples": ["08:00:00"]}
Bell = Annotated[dict[str, time], BeforeValidator(_by_group), WithJsonSchema(_BELL_SCHEMA)]


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
            raise ValueError("the last bell rings after every first bell; correct first_bell or last_bell")
        return self


class SpecialDaySection(Section):
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
    days: tuple[SpecialDaySection, ...] = Field((), description="Dates that differ.")
    proof_of_life: time = Field(
        _RHYTHM.proof_of_life, description="When each journey runs once on a day without school."
    )

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, given: Any) -> Any:
        """Expands `bells = "regular"`, short for a table with only `default`."""
        if isinstance(given, dict) and isinstance(given.get("bells"), str):
            return given | {"bells": {"default": given["bells"]}}
        return given

    @model_validator(mode="after")
    def _cycle_has_a_first_day(self) -> CalendarSection:
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
    def _has_times_or_ics(self) -> MaintenanceSection:
        if bool(self.ics) == bool(self.start or self.end):
            raise ValueError("give start and end, or ics")
        if not self.ics and (self.start is None or self.end is None):
            raise ValueError("give both start and end")
        if self.start and self.end and self.start.replace(tzinfo=None) >= self.end.replace(tzinfo=None):
            raise ValueError("maintenance ends after it starts; correct start or end")
        return self
