"""The school calendar: weekdays, term, closed days, cycle days, bells by weekday and by cycle day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.schedule.bells import ALL_GROUPS, BellSchedule
from firstbell.runner.schedule.calendar import DEFAULT, CalendarRules, SchoolCalendar, Span, SpecialDay


def bells(name: str) -> BellSchedule:
    return BellSchedule(name=name, first_bell={ALL_GROUPS: time(8)}, last_bell={ALL_GROUPS: time(15)})


def span(first: str, last: str = "") -> Span:
    return Span(first=date.fromisoformat(first), last=date.fromisoformat(last or first))


RULES = CalendarRules(
    zone=ZoneInfo("America/New_York"),
    weekdays=frozenset({"mon", "tue", "wed", "thu", "fri"}),
    term=span("2026-08-31", "2027-06-10"),
    cycle=("A", "B"),
    bells={DEFAULT: "regular", "wed": "short", "B": "block"},
    schedules={name: bells(name) for name in ("regular", "short", "block", "late")},
    special=[
        SpecialDay(dates=span("2026-09-07"), in_session=False, why="Labor Day"),
        SpecialDay(dates=span("2026-09-10"), bells="late", why="Two-hour delay"),
        SpecialDay(dates=span("2026-09-12"), in_session=True, why="Make-up day"),
        SpecialDay(dates=span("2026-09-16"), cycle_day="A"),
    ],
)


@pytest.mark.parametrize(
    ("day", "in_session", "cycle_day", "schedule", "why"),
    [
        pytest.param("2026-08-31", True, "A", "regular", "", id="the first day of term begins the cycle"),
        pytest.param("2026-09-01", True, "B", "block", "", id="bells of a cycle day"),
        pytest.param("2026-09-02", True, "A", "short", "", id="bells of a weekday"),
        pytest.param("2026-09-05", False, "", None, "no school on this weekday", id="saturday"),
        pytest.param("2026-09-07", False, "", None, "Labor Day", id="a day off says why"),
        pytest.param("2026-09-08", True, "B", "block", "", id="a day off does not use up a cycle day"),
        pytest.param("2026-09-10", True, "B", "late", "Two-hour delay", id="a snow day swaps the bells"),
        pytest.param("2026-09-12", True, "B", "block", "Make-up day", id="a saturday with school counts"),
        pytest.param("2026-09-16", True, "A", "short", "", id="a cycle day set by hand"),
        pytest.param("2026-09-17", True, "B", "block", "", id="the cycle goes on from there"),
        pytest.param("2026-08-28", False, "", None, "outside the term", id="before the term"),
        pytest.param("2027-06-11", False, "", None, "outside the term", id="after the term"),
    ],
)
def test_each_date_follows_the_calendar(
    day: str,
    *,
    in_session: bool,
    cycle_day: str,
    schedule: str | None,
    why: str,
) -> None:
    day_ = SchoolCalendar(RULES).day(date.fromisoformat(day))
    assert (day_.in_session, day_.cycle_day, day_.why) == (in_session, cycle_day, why)
    assert (day_.bells.name if day_.bells else None) == schedule


def test_last_of_two_special_days_about_one_date_applies() -> None:
    opened = SpecialDay(dates=span("2026-09-07"), in_session=True, why="School after all")
    day_ = SchoolCalendar(replace(RULES, special=[*RULES.special, opened])).day(date(2026, 9, 7))
    assert day_.in_session
    assert day_.why == "School after all"


def test_calendar_without_rules_has_school_every_day_and_no_bells() -> None:
    day_ = SchoolCalendar(CalendarRules(zone=ZoneInfo("UTC"))).day(date(2026, 12, 25))
    assert day_.in_session
    assert day_.bells is None
