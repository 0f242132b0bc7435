"""Due times of journeys: by interval, cron and bells, on closed days, on both DST nights, with jitter."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.runner.schedule.bells import ALL_GROUPS, BellSchedule
from firstbell.runner.schedule.calendar import DEFAULT, CalendarRules, SchoolCalendar, Span, SpecialDay
from firstbell.runner.schedule.slots import ClosedDays, LeadIn, Phase, Rhythm, Timetable, due_on, spread_s

MIAMI = ZoneInfo("America/New_York")
MONDAY = date(2026, 8, 31)
REGULAR = BellSchedule(
    name="regular",
    first_bell={"elementary": time(8), "middle": time(8, 45), "high": time(9, 15)},
    last_bell={ALL_GROUPS: time(15, 30)},
)
LATE = BellSchedule(name="late", first_bell={ALL_GROUPS: time(10)}, last_bell={ALL_GROUPS: time(15, 30)})
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
    return [(due.at.astimezone(MIAMI).time(), due.phase) for due in due_on(rhythm, calendar, day)]


def of_phase(rhythm: Rhythm, phase: Phase, day: date = MONDAY, calendar: SchoolCalendar = SCHOOL) -> list[time]:
    return sorted(at for at, found in local(rhythm, day, calendar) if found is phase)


def test_journey_is_due_often_before_the_first_bell() -> None:
    lead = of_phase(LIVE, Phase.LEAD_IN)
    assert lead[0] >= time(7, 15)
    assert lead[-1] < time(8)
    assert len(lead) == 22 or len(lead) == 23


def test_journey_is_due_as_configured_in_class_and_rarely_after_hours() -> None:
    in_class, after = of_phase(LIVE, Phase.IN_CLASS), of_phase(LIVE, Phase.AFTER_HOURS)
    assert time(8) <= in_class[0]
    assert in_class[-1] < time(15, 30)
    assert len(in_class) == 45
    assert all(at < time(7, 15) or at >= time(15, 30) for at in after)
    assert 7 <= len(after) <= 9


def test_staggered_first_bells_have_lead_ins_that_do_not_overlap() -> None:
    everyone = replace(LIVE, groups=())
    lead = of_phase(everyone, Phase.LEAD_IN)
    assert lead[0] >= time(7, 15)
    assert lead[-1] < time(9, 15)
    assert len(set(lead)) == len(lead) == 60
    assert of_phase(replace(LIVE, groups=("middle",)), Phase.LEAD_IN)[0] >= time(8)


def test_group_without_its_own_bell_has_the_bell_of_all_groups() -> None:
    late = SchoolCalendar(replace(RULES, bells={DEFAULT: "late"}))
    assert of_phase(LIVE, Phase.LEAD_IN, calendar=late)[0] >= time(9, 15)


def test_snow_day_replaces_the_bells_of_one_date() -> None:
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
def test_day_without_school_follows_the_closed_days_rule(closed: ClosedDays, phases: dict[Phase, int]) -> None:
    saturday = local(replace(LIVE, closed_days=closed), date(2026, 9, 5))
    assert Counter(phase for _, phase in saturday) == phases


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 11, 1), 25, id="a repeated hour"),
        pytest.param(date(2027, 3, 14), 23, id="a skipped hour"),
        pytest.param(date(2026, 11, 2), 24, id="any other day"),
    ],
)
def test_round_the_clock_covers_23_24_or_25_hours(day: date, hours: int) -> None:
    always = Rhythm(journey="x", every_s=600, follows_bells=False, closed_days=ClosedDays.AS_USUAL)
    dues = [due.at for due in due_on(always, SCHOOL, day)]
    assert len(dues) == hours * 6
    assert {later - earlier for earlier, later in pairwise(dues)} == {timedelta(minutes=10)}


@pytest.mark.parametrize(
    ("crontab", "day", "times"),
    [
        pytest.param("30 1 * * *", date(2026, 11, 1), ["05:30"], id="a repeated time is due once"),
        pytest.param("30 2 * * *", date(2027, 3, 14), ["07:00"], id="a skipped time is due right after"),
        pytest.param("0 8 * * mon-fri", date(2026, 9, 4), ["12:00"], id="friday"),
        pytest.param("0 8 * * 1", date(2026, 8, 31), ["12:00"], id="1 is monday, as cron has it"),
        pytest.param("0 8 * * mon-fri", date(2026, 9, 5), [], id="saturday"),
    ],
)
def test_cron_is_in_the_schools_time_on_dst_nights_too(crontab: str, day: date, times: list[str]) -> None:
    rhythm = Rhythm(journey="x", crontab=crontab, closed_days=ClosedDays.AS_USUAL)
    dues = [due.at - timedelta(seconds=spread_s("x", 60)) for due in due_on(rhythm, SCHOOL, day)]
    assert [f"{at:%H:%M}" for at in dues] == times


def test_proof_of_life_in_a_skipped_hour_is_due_once() -> None:
    early = replace(LIVE, proof_of_life=time(2, 30))
    assert len(local(early, date(2027, 3, 14))) == 1


def test_jitter_spreads_journeys_and_is_stable_by_name() -> None:
    names = [f"journey-{number}" for number in range(50)]
    assert len({spread_s(name, 300) for name in names}) > 40
    assert spread_s("live-class", 300) == spread_s("live-class", 300)
    assert all(0 <= spread_s(name, 60) < 60 for name in names)


def test_planning_in_pieces_equals_planning_at_once() -> None:
    """The due times are the same in quarters of an hour as in four days at once, with jitter across midnight."""
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
def test_due_times_are_unique_and_within_their_day(offset: int, every_s: float, rhythm: Rhythm) -> None:
    day = MONDAY + timedelta(days=offset)
    dues = [due.at for due in due_on(replace(rhythm, every_s=every_s), SCHOOL, day)]
    assert len(set(dues)) == len(dues)
    begin = datetime.combine(day, time(), MIAMI).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), MIAMI).astimezone(UTC)
    assert all(begin <= at < end for at in dues)
