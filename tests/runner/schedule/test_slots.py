"""When journeys are due: by interval, cron and bells; on closed days; over both DST nights; spread by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.runner.schedule.bells import EVERYBODY, BellSchedule
from firstbell.runner.schedule.calendar import DEFAULT, CalendarRules, SchoolCalendar, Span, SpecialDay
from firstbell.runner.schedule.slots import ClosedDays, LeadIn, Phase, Rhythm, Timetable, of_day, spread_s

MIAMI = ZoneInfo("America/New_York")
MONDAY = date(2026, 8, 31)
REGULAR = BellSchedule(
    name="regular",
    first_bell={"elementary": time(8), "middle": time(8, 45), "high": time(9, 15)},
    last_bell={EVERYBODY: time(15, 30)},
)
LATE = BellSchedule(name="late", first_bell={EVERYBODY: time(10)}, last_bell={EVERYBODY: time(15, 30)})
RULES = CalendarRules(
    zone=MIAMI,
    weekdays=frozenset({"mon", "tue", "wed", "thu", "fri"}),
    bells={DEFAULT: "regular"},
    schedules={"regular": REGULAR, "late": LATE},
)
SCHOOL = SchoolCalendar(RULES)
LIVE = Rhythm(
    journey="live-class", every_s=600, lead_in=LeadIn(before_bell_s=2700, every_s=120), groups=("elementary",)
)


def local(rhythm: Rhythm, day: date, calendar: SchoolCalendar = SCHOOL) -> list[tuple[time, Phase]]:
    return [(due.at.astimezone(MIAMI).time(), due.phase) for due in of_day(rhythm, calendar, day)]


def of_phase(rhythm: Rhythm, phase: Phase, day: date = MONDAY, calendar: SchoolCalendar = SCHOOL) -> list[time]:
    return sorted(at for at, found in local(rhythm, day, calendar) if found is phase)


def test_before_the_first_bell_a_journey_is_due_often() -> None:
    lead = of_phase(LIVE, Phase.LEAD_IN)
    assert lead[0] >= time(7, 15)
    assert lead[-1] < time(8)
    assert len(lead) == 22 or len(lead) == 23


def test_in_class_it_is_due_as_configured_and_after_hours_seldom() -> None:
    in_class, after = of_phase(LIVE, Phase.IN_CLASS), of_phase(LIVE, Phase.AFTER_HOURS)
    assert time(8) <= in_class[0]
    assert in_class[-1] < time(15, 30)
    assert len(in_class) == 45
    assert all(at < time(7, 15) or at >= time(15, 30) for at in after)
    assert 7 <= len(after) <= 9


def test_staggered_starts_each_have_a_lead_in_and_overlapping_ones_are_not_counted_twice() -> None:
    everyone = replace(LIVE, groups=())
    lead = of_phase(everyone, Phase.LEAD_IN)
    assert lead[0] >= time(7, 15)
    assert lead[-1] < time(9, 15)
    assert len(set(lead)) == len(lead) == 60
    assert of_phase(replace(LIVE, groups=("middle",)), Phase.LEAD_IN)[0] >= time(8)


def test_a_group_without_a_bell_of_its_own_hears_everybodys() -> None:
    late = SchoolCalendar(replace(RULES, bells={DEFAULT: "late"}))
    assert of_phase(LIVE, Phase.LEAD_IN, calendar=late)[0] >= time(9, 15)


def test_a_snow_day_swaps_one_dates_bells() -> None:
    special = [SpecialDay(dates=Span(first=MONDAY, last=MONDAY), bells="late", why="two-hour delay")]
    snowy = SchoolCalendar(replace(RULES, special=special))
    assert of_phase(LIVE, Phase.LEAD_IN, calendar=snowy)[0] >= time(9, 15)
    assert of_phase(LIVE, Phase.LEAD_IN, MONDAY + timedelta(days=1), snowy)[0] < time(8)


@pytest.mark.parametrize(
    ("closed", "phases"),
    [
        (ClosedDays.DAILY, {Phase.PROOF_OF_LIFE: 1}),
        (ClosedDays.NEVER, {}),
        (ClosedDays.AS_USUAL, {Phase.ROUND_THE_CLOCK: 144}),
    ],
)
def test_on_a_day_without_school_there_is_one_proof_of_life(closed: ClosedDays, phases: dict[Phase, int]) -> None:
    saturday = local(replace(LIVE, closed_days=closed), date(2026, 9, 5))
    assert Counter(phase for _, phase in saturday) == phases


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 11, 1), 25, id="the hour that comes twice"),
        pytest.param(date(2027, 3, 14), 23, id="the hour that is skipped"),
        pytest.param(date(2026, 11, 2), 24, id="any other day"),
    ],
)
def test_round_the_clock_is_as_long_as_the_day_is(day: date, hours: int) -> None:
    always = Rhythm(journey="x", every_s=600, follows_bells=False, closed_days=ClosedDays.AS_USUAL)
    dues = [due.at for due in of_day(always, SCHOOL, day)]
    assert len(dues) == hours * 6
    assert {later - earlier for earlier, later in pairwise(dues)} == {timedelta(minutes=10)}


@pytest.mark.parametrize(
    ("crontab", "day", "times"),
    [
        pytest.param("30 1 * * *", date(2026, 11, 1), ["05:30"], id="a time that comes twice is due once"),
        pytest.param("30 2 * * *", date(2027, 3, 14), ["07:00"], id="a time that is skipped is due right after"),
        pytest.param("0 8 * * mon-fri", date(2026, 9, 4), ["12:00"], id="friday"),
        pytest.param("0 8 * * 1", date(2026, 8, 31), ["12:00"], id="1 is monday, as cron has it"),
        pytest.param("0 8 * * mon-fri", date(2026, 9, 5), [], id="saturday"),
    ],
)
def test_cron_is_in_the_schools_time_on_dst_nights_too(crontab: str, day: date, times: list[str]) -> None:
    rhythm = Rhythm(journey="x", crontab=crontab, closed_days=ClosedDays.AS_USUAL)
    dues = [due.at - timedelta(seconds=spread_s("x", 60)) for due in of_day(rhythm, SCHOOL, day)]
    assert [f"{at:%H:%M}" for at in dues] == times


def test_a_proof_of_life_in_an_hour_that_does_not_exist_is_due_once() -> None:
    early = replace(LIVE, proof_of_life=time(2, 30))
    assert len(local(early, date(2027, 3, 14))) == 1


def test_fifty_journeys_do_not_start_in_one_second_and_always_start_in_the_same_one() -> None:
    names = [f"journey-{number}" for number in range(50)]
    assert len({spread_s(name, 300) for name in names}) > 40
    assert spread_s("live-class", 300) == spread_s("live-class", 300)
    assert all(0 <= spread_s(name, 60) < 60 for name in names)


def test_a_year_that_is_asked_for_in_pieces_is_the_year() -> None:
    """Whoever plans minute by minute gets what one who plans a week at once gets: jitter over midnight included."""
    rhythms = [LIVE, Rhythm(journey="nightly", crontab="59 23 * * *"), Rhythm(journey="x", follows_bells=False)]
    begin = datetime(2026, 10, 30, tzinfo=UTC)
    at_once = Timetable(rhythms, SCHOOL).due(begin, begin + timedelta(days=4))
    timetable = Timetable(rhythms, SCHOOL)
    pieces = [
        due
        for number in range(4 * 24 * 4)
        for due in timetable.due(begin + number * timedelta(minutes=15), begin + (number + 1) * timedelta(minutes=15))
    ]
    assert pieces == at_once
    nightly = [due.phase for due in at_once if due.journey == "nightly"]
    assert nightly == [Phase.CRON, Phase.CRON, Phase.PROOF_OF_LIFE, Phase.PROOF_OF_LIFE]


@given(
    st.integers(0, 2000),
    st.sampled_from([60.0, 90.0, 300.0, 600.0, 7200.0]),
    st.sampled_from([LIVE, replace(LIVE, groups=()), replace(LIVE, lead_in=None), replace(LIVE, follows_bells=False)]),
)
def test_no_journey_is_ever_due_twice_at_once_nor_outside_its_day(offset: int, every_s: float, rhythm: Rhythm) -> None:
    day = MONDAY + timedelta(days=offset)
    dues = [due.at for due in of_day(replace(rhythm, every_s=every_s), SCHOOL, day)]
    assert len(set(dues)) == len(dues)
    begin = datetime.combine(day, time(), MIAMI).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), MIAMI).astimezone(UTC)
    assert all(begin <= at < end for at in dues)
