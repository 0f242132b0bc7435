"""An absence of days is one row for each journey and day, counted once, and taken back if the clock was wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from firstbell.runner.history.daily_figures import DailyFigures
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.absences import AbsenceHistory
from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.history.tables.runs import absences, days, slots
from firstbell.runner.schedule.calendar import CalendarRules, SchoolCalendar
from firstbell.runner.schedule.slots import ClosedDays, Rhythm, Timetable
from firstbell.runner.watch.planner import Planner
from tests.support.clocks import NOON, Clock

ZONE = ZoneInfo("America/New_York")
A_DAY = 24 * 3600
EVERY_S = 3600


@pytest.fixture
def history(database: Database) -> SlotHistory:
    return SlotHistory(database, "here", ZONE)


def planner(history: SlotHistory, *journeys: str) -> Planner:
    rhythms = [
        Rhythm(journey=name, every_s=EVERY_S, follows_bells=False, closed_days=ClosedDays.AS_USUAL) for name in journeys
    ]
    return Planner(history, lambda: Timetable(rhythms, SchoolCalendar(CalendarRules(zone=ZONE))), grace_s=120)


def rows(database: Database) -> tuple[int, int, int]:
    """The number of slots, of absences, and of the slots in these."""
    with database.read() as connection:
        counts = select(
            select(func.count()).select_from(slots).scalar_subquery(),
            select(func.count()).select_from(absences).scalar_subquery(),
            select(func.coalesce(func.sum(absences.c.slots), 0)).scalar_subquery(),
        )
        found: tuple[int, int, int] = tuple(connection.execute(counts).one())
        return found


def missed_by_day(database: Database) -> dict[str, int]:
    with database.read() as connection:
        query = select(days.c.day, func.sum(days.c.missed)).group_by(days.c.day).having(func.sum(days.c.missed) != 0)
        return {str(day): number for day, number in connection.execute(query.order_by(days.c.day))}


def test_an_absence_of_days_has_a_row_for_each_journey_and_day(
    history: SlotHistory, database: Database, clock: Clock
) -> None:
    planning = planner(history, "a", "b")
    planning.plan()
    clock.forward(10 * A_DAY)
    gap = planning.plan()
    assert gap is not None
    assert gap.slots == 2 * 10 * 24
    single, ranges, in_ranges = rows(database)
    assert (single, ranges, in_ranges) == (2 * 24, 2 * 10, 2 * 9 * 24)
    by_day = missed_by_day(database)
    assert set(list(by_day.values())[1:-1]) == {48}
    assert sum(by_day.values()) == gap.slots
    (shown,) = history.gaps(NOON, 5)
    assert (shown.slots, shown.journeys, shown.first) == (gap.slots, 2, NOON + timedelta(seconds=60))
    assert planning.plan() is None


def test_a_second_service_and_a_death_in_the_middle_count_nothing_twice(
    history: SlotHistory, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner(history, "a").plan()
    clock.forward(10 * A_DAY)
    record, calls = AbsenceHistory.record, []

    def dying(self: AbsenceHistory, dues: list, until: datetime) -> int:  # type: ignore[type-arg]
        calls.append(until)
        if len(calls) > 4:
            raise KeyboardInterrupt
        record(self, dues, until)
        return record(self, dues, until)  # Another service that has read the same.

    monkeypatch.setattr(AbsenceHistory, "record", dying)
    with pytest.raises(KeyboardInterrupt):
        planner(history, "a").plan()
    monkeypatch.setattr(AbsenceHistory, "record", record)
    planner(history, "a").plan()
    assert rows(database) == (24, 10, 9 * 24)
    assert sum(missed_by_day(database).values()) == 10 * 24


def test_an_absence_by_a_clock_that_was_ahead_is_taken_back(
    history: SlotHistory, database: Database, clock: Clock
) -> None:
    planning = planner(history, "a")
    planning.plan()
    clock.forward(20 * A_DAY)
    planning.plan()
    clock.now = NOON + timedelta(hours=3)
    planning.plan()
    assert rows(database)[1:] == (0, 0)
    while history.next_due() is None:
        clock.forward(60)
        planning.plan()
    assert missed_by_day(database) == {"2026-08-31": 3}


@pytest.mark.parametrize("away_days", [0.5, 3])
def test_what_was_not_planned_before_has_missed_nothing(
    history: SlotHistory, database: Database, clock: Clock, away_days: float
) -> None:
    """A journey that is new, renamed, or at a location that is new; the old one goes on missing."""
    planner(history, "kept", "old name").plan()
    clock.forward(away_days * A_DAY)
    planner(history, "kept", "new name", "added").plan()
    planner(SlotHistory(database, "there", ZONE), "kept").plan()
    today = clock.now.astimezone(ZONE).date()
    missed = DailyFigures(database).uptime(NOON.date(), today)
    assert [(one.journey, one.missed) for one in missed if one.missed] == [("kept", away_days * 24)]
