"""Slots in a real database, on a clock that tests set: planned once, claimed once, each ended with a reason."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from firstbell.runner.history.daily_figures import DailyFigures, Uptime
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow, StepRow
from firstbell.runner.history.retention.steps import StepThinning
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.account_locks import AccountLocks
from firstbell.runner.history.slots.claims import Claim
from firstbell.runner.history.slots.renewals import Renewals
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.schedule import slot_state
from firstbell.runner.schedule.calendar import CalendarRules, SchoolCalendar
from firstbell.runner.schedule.slot_state import MissedReason, in_words
from firstbell.runner.schedule.slots import ClosedDays, Due, Phase, Rhythm, Timetable
from firstbell.runner.watch.planner import Planner
from tests.support.clocks import NOON, Clock

ZONE = ZoneInfo("America/New_York")
TODAY = date(2026, 8, 31)


@pytest.fixture
def slots(database: Database) -> SlotHistory:
    return SlotHistory(database, "here", ZONE)


def terms(owner: str = "me", is_gone: Callable[[str], bool] = lambda _owner: False) -> ClaimPolicy:
    return ClaimPolicy(owner=owner, is_gone=is_gone, grace_s=120.0, late_after_s=30.0)


def due(journey: str = "live-class", seconds: float = 0) -> Due:
    return Due(at=NOON + timedelta(seconds=seconds), journey=journey, phase=Phase.IN_CLASS)


def no_account(_journey: str, _taken: frozenset[str]) -> AccountAllocation:
    return AccountAllocation()


def alone(_journey: str, taken: frozenset[str]) -> AccountAllocation | None:
    """A journey that needs the one student."""
    return None if "student" in taken else AccountAllocation(accounts={"student": "student"}, locks=("student",))


def row(claim: Claim, at: datetime | None = None, outcome: str = "passed") -> RunRow:
    at = at or claim.due_at
    return RunRow(
        id=f"{at:%Y%m%d-%H%M%S}-{claim.slot:06}", journey=claim.journey, location="here", started_at=at, took_s=2.0,
        outcome=outcome, evidence="x", version="0", due_at=claim.due_at,
    )  # fmt: skip


def states(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [tuple(found) for found in connection.execute(text("SELECT state, why FROM slots ORDER BY due_at, id"))]


def uptime(database: Database) -> Uptime:
    (found,) = DailyFigures(database).uptime(TODAY, TODAY)
    return found


def claimed(slots: SlotHistory, owner: str = "me") -> Claim:
    claim = slots.claim(terms(owner), no_account)
    assert claim is not None
    return claim


def test_a_slot_is_planned_once_and_claimed_once(slots: SlotHistory, database: Database) -> None:
    for _ in range(2):
        slots.plan([due()], {"live-class": NOON})
    assert len(states(database)) == 1
    assert claimed(slots).journey == "live-class"
    assert slots.claim(terms("other"), no_account) is None


def test_no_slot_is_claimed_before_it_is_due(slots: SlotHistory, clock: Clock) -> None:
    slots.plan([due(seconds=10)], {})
    assert slots.claim(terms(), no_account) is None
    assert slots.next_due() == NOON + timedelta(seconds=10)
    clock.forward(10)
    assert slots.claim(terms(), no_account) is not None


def test_a_run_and_the_end_of_its_slot_are_written_together(slots: SlotHistory, database: Database) -> None:
    slots.plan([due()], {})
    claim = claimed(slots)
    RunHistory(database, ZONE).record(row(claim), claim)
    assert states(database) == [("ran", "")]
    assert uptime(database).passed == 1


def test_a_run_that_began_late_says_how_late(slots: SlotHistory, database: Database, clock: Clock) -> None:
    slots.plan([due()], {})
    clock.forward(45)
    claim = claimed(slots)
    RunHistory(database, ZONE).record(row(claim, at=clock.now), claim)
    assert states(database) == [("late", "began 45 s after it was due")]


@pytest.mark.parametrize("answer_was_lost", [False, True])
def test_a_run_whose_slot_was_overtaken_gets_it_back_and_is_counted_once(
    slots: SlotHistory, database: Database, clock: Clock, *, answer_was_lost: bool
) -> None:
    slots.plan([due()], {})
    claim = claimed(slots)
    clock.forward(61)
    assert slots.reap(lambda _owner: False) == 1
    assert states(database) == [("missed", "whoever ran it ended in the middle")]
    observed: list[str] = []
    history = RunHistory(database, ZONE, lambda _connection, run: observed.append(run.outcome))
    for _ in range(2 if answer_was_lost else 1):
        history.record(row(claim, outcome="failed"), claim)
    assert states(database) == [("ran", "")]
    assert (uptime(database).missed, uptime(database).failed, uptime(database).took_s) == (0, 1, 2.0)
    assert [run.outcome for run in history.recent(5)] == observed == ["failed"]


def test_an_overtaken_run_alarms_nobody_of_what_a_later_run_has_seen_otherwise(
    slots: SlotHistory, database: Database, clock: Clock
) -> None:
    slots.plan([due()], {})
    claim = claimed(slots)
    clock.forward(600)
    slots.reap(lambda _owner: False)
    observed: list[str] = []
    history = RunHistory(database, ZONE, lambda _connection, run: observed.append(run.outcome))
    history.record(replace(row(claim), id="later", started_at=clock.now))
    history.record(row(claim, outcome="failed"), claim)
    assert observed == ["passed"]
    assert len(history.recent(5)) == 2


def test_a_run_whose_slot_was_skipped_is_kept_and_not_counted_again(slots: SlotHistory, database: Database) -> None:
    slots.plan([due()], {})
    claim = claimed(slots)
    slots.skip(claim, "maintenance")
    RunHistory(database, ZONE).record(row(claim), claim)
    assert states(database) == [("skipped", "maintenance")]
    assert uptime(database) == Uptime(journey="live-class", skipped=1)
    assert len(RunHistory(database, ZONE).recent(5)) == 1


@pytest.mark.parametrize(
    ("renewals", "are_undisturbed"),
    [
        ([(0, 0), (15, 15), (30, 30), (45, 45), (60, 60)], True),
        ([(0, 0), (15, 15), (30, 30), (45, 45)], False),
        ([(0, 0), (60, 60)], False),  # The process or the database was frozen.
        ([(0, 0), (15, 15), (30, 3630), (45, 3645), (60, 3660)], False),  # The clock was set ahead,
        ([(0, 0), (15, 15), (30, -60), (45, -45), (60, -30)], False),  # or back.
        ([(0, 0), (30, 3630), (45, 3645), (60, 3660), (75, 3675), (90, 3690)], True),
        ([(0, 0), None, (15, 15), (30, 30), (45, 45), (60, 60)], False),
        ([(0, 0), (15, 15), (30, 30), (45, 45), (60, 60), None], False),
    ],
)
def test_a_lease_counts_only_after_a_whole_lease_of_undisturbed_renewals(
    renewals: list[tuple[float, float] | None], *, are_undisturbed: bool
) -> None:
    at = 0.0
    found = Renewals(60.0, lambda: at)
    for renewal in renewals:
        if renewal is None:
            found.failed()
        else:
            at, database_s = renewal
            found.succeeded(NOON + timedelta(seconds=database_s))
    assert found.are_undisturbed is are_undisturbed


def test_an_expired_lease_counts_only_where_it_may(slots: SlotHistory, database: Database, clock: Clock) -> None:
    slots.plan([due(), due("class-list")], {})
    assert slots.claim(terms("other"), alone)
    clock.forward(61)
    assert slots.reap(lambda _owner: False, by_lease=False) == 0
    assert slots.claim(terms(), alone) is None, "its account is still in use"
    assert slots.reap(lambda owner: owner == "other", by_lease=False) == 1
    assert slots.claim(terms(), alone) is not None
    with database.write() as connection:
        connection.execute(text("UPDATE slots SET location = 'elsewhere'"))
    slots.plan([due("class-list", 1), due("class-list", 7260)], {})
    clock.forward(7300)
    assert slots.claim(terms(), alone), "nobody watches that location any more"


def test_a_renewed_lease_holds(slots: SlotHistory, database: Database, clock: Clock) -> None:
    slots.plan([due()], {})
    claim = claimed(slots)
    for _ in range(3):
        clock.forward(50)
        slots.renew(terms(), [claim])
        assert slots.reap(lambda _owner: False) == 0
    RunHistory(database, ZONE).record(row(claim), claim)


def test_a_lease_that_is_not_renewed_expires(slots: SlotHistory, clock: Clock) -> None:
    slots.plan([due()], {})
    assert slots.claim(terms(), alone) is not None
    clock.forward(61)
    slots.renew(terms(), [])
    assert slots.reap(lambda _owner: False) == 1


def test_slots_of_a_dead_owner_are_reaped_at_once(slots: SlotHistory, database: Database) -> None:
    slots.plan([due()], {})
    assert slots.claim(terms("gone"), alone) is not None
    assert slots.reap(lambda owner: owner == "gone") == 1
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM locks")).scalar_one() == 0


def test_an_account_is_used_by_one_run_at_a_time(slots: SlotHistory, database: Database) -> None:
    slots.plan([due("class-list"), due("live-class")], {})
    first = slots.claim(terms(), alone)
    assert first is not None
    assert slots.claim(terms("other"), alone) is None
    RunHistory(database, ZONE).record(row(first), first)
    assert slots.claim(terms("other"), alone) is not None


def test_a_run_by_hand_waits_for_the_account_of_a_slot(slots: SlotHistory, database: Database) -> None:
    slots.plan([due()], {})
    claim = slots.claim(terms(), alone)
    assert claim is not None
    locks = AccountLocks(database, "hand", lambda _owner: False)
    assert locks.allocate(lambda taken: alone("x", frozenset(taken)), holder="hand", lease_s=60) is None
    slots.skip(claim, "maintenance")
    assert locks.allocate(lambda taken: alone("x", frozenset(taken)), holder="hand", lease_s=60) is not None
    assert slots.claim(terms(), alone) is None
    locks.release("hand")


def test_slots_that_are_skipped_or_lost_say_why(slots: SlotHistory, database: Database) -> None:
    slots.plan([due(), due("plan-b", 1)], {})
    slots.skip(claimed(slots), "maintenance of platform")
    assert states(database)[0] == ("skipped", "maintenance of platform")
    assert uptime(database).skipped == 1


def test_every_journey_has_its_turn_where_there_is_too_much_to_do(slots: SlotHistory, clock: Clock) -> None:
    """Thirty journeys, each due every minute, in the order of their names; there is time for two runs a minute."""
    played: set[str] = set()
    for minute in range(16):
        slots.plan([due(f"journey-{number:02}", minute * 60 + number) for number in range(30)], {})
        clock.forward(60)
        played |= {claimed(slots).journey for _ in range(2)}
    assert len(played) == 30


def test_a_journey_of_two_accounts_is_not_always_overtaken_by_those_of_one(slots: SlotHistory, clock: Clock) -> None:
    needed = {"pair": ("student", "teacher"), "student": ("student",), "teacher": ("teacher",)}

    def allocate(journey: str, taken: frozenset[str]) -> AccountAllocation | None:
        return None if taken & {*needed[journey]} else AccountAllocation(locks=needed[journey])

    slots.plan([due("student"), due("teacher", 1), due("pair", 1)], {})
    clock.forward(1)
    running = [slots.claim(terms(), allocate)]
    clock.forward(40)
    slots.plan([due("teacher", 41)], {})
    assert running[0] is not None
    assert running[0].journey == "student"
    assert slots.claim(terms(), allocate) is None, "the teacher is kept for the pair, which is late"
    slots.skip(running[0], "done")
    pair = slots.claim(terms(), allocate)
    assert pair is not None
    assert pair.journey == "pair"


def test_four_threads_claim_forty_slots_once_each(slots: SlotHistory) -> None:
    slots.plan([due(f"journey-{number}") for number in range(40)], {})
    found: list[int] = []

    def claim_all() -> None:
        while (claim := slots.claim(terms(threading.current_thread().name), no_account)) is not None:
            found.append(claim.slot)

    threads = [threading.Thread(target=claim_all, name=f"owner-{number}") for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == 40


def planner(slots: SlotHistory, *journeys: str) -> Planner:
    rhythms = [
        Rhythm(journey=name, every_s=60, follows_bells=False, closed_days=ClosedDays.AS_USUAL) for name in journeys
    ]
    return Planner(slots, lambda: Timetable(rhythms, SchoolCalendar(CalendarRules(zone=ZONE))), grace_s=120)


def test_slots_due_while_the_service_was_down_are_missed_as_one_gap(
    slots: SlotHistory, database: Database, clock: Clock
) -> None:
    planning = planner(slots, "a", "b")
    assert planning.plan() is None
    clock.forward(24 * 3600)
    gap = planning.plan()
    assert gap is not None
    assert gap.slots == 2 * (24 * 60 - 2)
    assert planning.plan() is None
    (shown,) = slots.gaps(NOON - timedelta(days=1), 5)
    assert (shown.slots, shown.journeys, shown.why) == (gap.slots, 2, "firstbell watch was not running")
    assert sum(one.missed for one in DailyFigures(database).uptime(TODAY, TODAY + timedelta(days=1))) == gap.slots


def test_a_slot_that_no_worker_could_take_is_not_taken_for_unwatched(
    slots: SlotHistory, database: Database, clock: Clock
) -> None:
    planning = planner(slots, "a")
    for _ in range(30):
        assert planning.plan() is None
        clock.forward(10)
    assert {why for state, why in states(database) if state == "missed"} == {"no worker was free in time"}
    planner(slots, "a").plan()  # Another service, or this one after a restart.
    assert {why for state, why in states(database) if state == "missed"} == {"no worker was free in time"}
    clock.forward(600)
    assert planning.plan() is not None
    reasons = [why for state, why in states(database) if state == "missed"]
    assert reasons == sorted(reasons), "those before the gap found no worker"
    assert set(reasons) == {"no worker was free in time", "nobody was watching"}


def test_a_new_journey_has_missed_no_slots(slots: SlotHistory, clock: Clock) -> None:
    planner(slots, "a").plan()
    clock.forward(600)
    gap = planner(slots, "a", "new").plan()
    assert gap is not None
    (shown,) = slots.gaps(NOON - timedelta(days=1), 5)
    assert shown.journeys == 1


def test_a_journey_that_was_switched_off_has_missed_nothing(
    slots: SlotHistory, database: Database, clock: Clock
) -> None:
    planner(slots, "a", "b").plan()
    clock.forward(30)
    planner(slots, "a").plan()
    clock.forward(7200)
    planner(slots, "a").plan()
    planner(slots, "a", "b").plan()
    with database.read() as connection:
        missed = "SELECT DISTINCT journey FROM slots WHERE state = 'missed' AND due_at > :end"
        found = connection.execute(text(missed), {"end": NOON + timedelta(seconds=120)}).scalars().all()
    assert found == ["a"]
    clock.forward(600)
    planner(slots, "a", "b").plan()
    (shown, *_) = slots.gaps(clock.now - timedelta(seconds=400), 5)
    assert shown.journeys == 2, "it misses slots like any other once it is on again"


def test_after_a_clock_jump_each_slot_still_runs_once(slots: SlotHistory, database: Database, clock: Clock) -> None:
    planning = planner(slots, "a")
    planning.plan()
    clock.forward(3600)
    assert planning.plan() is not None
    clock.forward(-3600)
    assert planning.plan() is None
    clock.forward(60)
    claim = claimed(slots)
    assert NOON <= claim.due_at <= NOON + timedelta(seconds=60)
    with database.read() as connection:
        twice = "SELECT count(*) FROM slots GROUP BY journey, due_at HAVING count(*) > 1"
        assert not connection.execute(text(twice)).all()


@pytest.mark.parametrize(
    ("stored", "is_planned_again"),
    [
        ("nobody was watching", True),
        ("the next one was due before a worker was free", False),
        ("no worker was free in time", False),
        ("whoever ran it ended in the middle", False),
        ("First Bell was not running", False),
        ("it could not be run (OSError)", False),
    ],
)
def test_old_rows_keep_their_meaning_when_texts_change(
    stored: str, slots: SlotHistory, database: Database, monkeypatch: pytest.MonkeyPatch, *, is_planned_again: bool
) -> None:
    monkeypatch.setattr(slot_state, "WORDS", {MissedReason.UNWATCHED: "First Bell was not running"})
    slots.miss([due()], MissedReason.UNWATCHED)
    with database.write() as connection:
        connection.execute(text("UPDATE slots SET why = :stored"), {"stored": stored})
    (gap,) = slots.gaps(NOON - timedelta(days=1), 5)
    assert gap.why == ("First Bell was not running" if is_planned_again else stored)
    slots.plan([due()], {"live-class": NOON})
    assert (slots.next_due() == NOON) is is_planned_again


@pytest.mark.parametrize("reason", MissedReason)
def test_a_reason_is_stored_by_its_value_and_has_a_text(reason: MissedReason, slots: SlotHistory) -> None:
    assert in_words(reason)
    slots.miss([due()], reason)
    (gap,) = slots.gaps(NOON - timedelta(days=1), 5)
    assert (gap.state, gap.why) == ("missed", in_words(reason))


def test_old_steps_become_daily_figures_and_their_runs_stay(
    database: Database, slots: SlotHistory, clock: Clock
) -> None:
    del slots
    history = RunHistory(database, ZONE)
    for number in range(20):
        step = StepRow(position=1, actor="student", title="joins", service="live-class", started_s=0, ended_s=number,
                       ending="failed" if number == 7 else "")  # fmt: skip
        attempt = AttemptRow(number=1, started_at=NOON, took_s=1, outcome="passed", steps=(step,))
        run = RunRow(id=f"old-{number:06}", journey="live-class", location="here", started_at=NOON, took_s=1,
                     outcome="passed", evidence="x", version="0", attempts=(attempt,))  # fmt: skip
        history.record(run)
    thinning = StepThinning(database, ZONE, lambda: 30.0)
    clock.forward(86400 * 30)
    assert thinning.thin() == 0
    clock.forward(86400)
    assert thinning.thin() == 20
    assert thinning.thin() == 0
    with database.read() as connection:
        (told,) = connection.execute(text("SELECT plays, failed, median_s, p95_s, title FROM step_days")).all()
    assert tuple(told) == (20, 1, 9.5, 18.0, "joins")
    assert history.find("000003").attempts[0].steps == ()


def test_flaky_runs_are_counted_and_found(slots: SlotHistory, database: Database) -> None:
    slots.plan([due(), due("plan-b")], {})
    history = RunHistory(database, ZONE)
    for claim in (claimed(slots), claimed(slots)):
        history.record(replace(row(claim), flaky=claim.journey == "live-class"), claim)
    assert [run.journey for run in history.recent(5, outcome="flaky")] == ["live-class"]
    assert [(one.journey, one.passed, one.flaky, one.share) for one in DailyFigures(database).uptime(TODAY, TODAY)] == [
        ("live-class", 0, 1, 1.0),
        ("plan-b", 1, 0, 1.0),
    ]
