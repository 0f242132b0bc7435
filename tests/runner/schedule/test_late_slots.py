"""Late slots, cron expressions, maintenance, and load of workers: small rules as tables."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.runner.schedule.capacity import AccountNeeds, busiest_quarter
from firstbell.runner.schedule.crontab import refusal_of, shortest_gap_s
from firstbell.runner.schedule.late_slots import WaitingSlot, triage
from firstbell.runner.schedule.maintenance import Maintenance, in_force
from firstbell.runner.schedule.slots import Due, Phase

NOON = datetime(2026, 8, 31, 12, tzinfo=UTC)


def waiting(*slots: tuple[str, float]) -> list[WaitingSlot]:
    """Journeys, and how long ago each was due."""
    return [
        WaitingSlot(id=number, journey=journey, due_at=NOON - timedelta(seconds=ago))
        for number, (journey, ago) in enumerate(slots)
    ]


@pytest.mark.parametrize(
    ("slots", "playable", "why"),
    [
        pytest.param([("a", 5)], ["a"], [], id="due now"),
        pytest.param([("a", 121)], [], ["no worker was free in time"], id="beyond the grace"),
        pytest.param([("a", 120)], ["a"], [], id="just within the grace"),
        pytest.param(
            [("a", 100), ("a", 40)], ["a"], ["the next one was due before a worker was free"], id="only the latest"
        ),
        pytest.param([("b", 5), ("a", 50)], ["a", "b"], [], id="oldest first"),
        pytest.param([("b", 5), ("a", 5)], ["a", "b"], [], id="then by name"),
    ],
)
def test_waiting_slot_runs_or_is_missed_with_a_reason(
    slots: list[tuple[str, float]], playable: list[str], why: list[str]
) -> None:
    found, missed = triage(waiting(*slots), NOON, 120)
    assert [slot.journey for slot in found] == playable
    assert [one.why for one in missed] == why


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 400))))
def test_every_slot_runs_or_is_missed_and_each_journey_runs_at_most_once(slots: list[tuple[str, float]]) -> None:
    playable, missed = triage(waiting(*slots), NOON, 120)
    assert sorted([slot.id for slot in playable] + [one.slot.id for one in missed]) == list(range(len(slots)))
    assert max(Counter(slot.journey for slot in playable).values(), default=0) <= 1


@pytest.mark.parametrize(
    ("crontab", "message"),
    [
        ("*/10 7-15 * * mon-fri", None),
        ("0 0 29 2 *", None),
        ("0 0 31 2 *", "this is no valid cron expression (Bad day-of-month)"),
        ("0 0 30 2 *", "this is no valid cron expression (Bad day-of-month)"),
        ("60 * * * *", "this is no valid cron expression (Bad minute)"),
        ("every day", "this is no valid cron expression"),
        ("0 0 31 4,6,9,11 *", "this is no valid cron expression (Bad day-of-month)"),
    ],
)
def test_unusable_cron_expression_is_refused_with_the_reason(crontab: str, message: str | None) -> None:
    refusal = refusal_of(crontab)
    assert (refusal is None) if message is None else (refusal or "").startswith(message)


@pytest.mark.parametrize(("crontab", "gap_s"), [("*/7 * * * *", 240), ("0 8 * * *", 86400), ("* 7 * * mon", 60)])
def test_shortest_gap_is_found_across_the_turn_of_an_hour(crontab: str, gap_s: float) -> None:
    assert shortest_gap_s(crontab) == gap_s


def window(*services: str, run: bool = True, why: str = "") -> Maintenance:
    hour = timedelta(hours=1)
    return Maintenance(services=services, start=NOON - hour, end=NOON + hour, run=run, why=why)


@pytest.mark.parametrize(
    ("announced", "at", "found"),
    [
        pytest.param([window("platform")], NOON, "maintenance of platform", id="a service that is needed"),
        pytest.param([window("plan-b")], NOON, None, id="one that is not"),
        pytest.param([window()], NOON, "maintenance of everything", id="everything"),
        pytest.param([window("platform")], NOON + timedelta(hours=1), None, id="over: the end is not in it"),
        pytest.param([window("platform")], NOON - timedelta(hours=1), "maintenance of platform", id="it has begun"),
        pytest.param(
            [window(why="a"), window(run=False, why="b")], NOON, "maintenance of everything: b", id="forbidding first"
        ),
    ],
)
def test_maintenance_in_force_is_that_of_the_journeys_services(
    announced: list[Maintenance], at: datetime, found: str | None
) -> None:
    window_ = in_force(announced, ["edge", "platform"], at)
    assert (str(window_) if window_ else None) == found


@pytest.mark.parametrize(
    ("slots", "workers", "share", "message"),
    [
        pytest.param(30, 1, 0.5, "", id="half"),
        pytest.param(50, 1, 0.83, "can only just carry", id="nearly full"),
        pytest.param(70, 1, 1.17, "1 worker cannot carry this: 117% busy, mostly with live-class", id="too much"),
        pytest.param(70, 2, 0.58, "", id="two workers can"),
    ],
)
def test_overload_of_workers_gives_a_warning(slots: int, workers: int, share: float, message: str) -> None:
    dues = [
        Due(at=NOON + timedelta(seconds=number), journey="live-class", phase=Phase.IN_CLASS) for number in range(slots)
    ]
    load = busiest_quarter(dues, {"live-class": 15.0}, workers)
    assert load is not None
    assert round(load.share, 2) == share
    assert message in load.warning if message else not load.warning


def test_no_due_times_are_no_load() -> None:
    assert busiest_quarter([], {}, 1) is None


@pytest.mark.parametrize(
    ("needs", "share", "message"),
    [
        pytest.param([{"student", "student2"}], 0.75, "", id="two students"),
        pytest.param([{"student", "student2"}, {"teacher"}], 1.5, "teacher cannot carry this", id="one teacher"),
        pytest.param([{"the class"}], 1.5, "150% busy, mostly with live-class; play less often", id="one class"),
        pytest.param(
            [{"student", "student2"}] * 2, 1.5, "the accounts student, student2 cannot carry", id="two students each"
        ),
    ],
)
def test_overload_of_accounts_gives_a_warning(needs: list[set[str]], share: float, message: str) -> None:
    dues = [Due(at=NOON, journey=name, phase=Phase.IN_CLASS) for name in ["live-class"] * 90 + ["takes no account"]]
    shared = AccountNeeds(needs={"live-class": [frozenset(need) for need in needs]}, locations=2)
    load = busiest_quarter(dues, {"live-class": 7.5, "takes no account": 0.0}, 1, shared)
    assert load is not None
    assert round(load.share, 2) == share
    assert message in load.warning if message else not load.warning


def test_accounts_that_only_some_journeys_can_take_are_counted_by_those_that_can_take_no_other() -> None:
    dues = [Due(at=NOON, journey=name, phase=Phase.IN_CLASS) for name in ["ninth"] * 80 + ["any"] * 10]
    needs = {"ninth": [frozenset({"student9"})], "any": [frozenset({"student9", "student"})]}
    load = busiest_quarter(dues, {"ninth": 15.0, "any": 15.0}, 8, AccountNeeds(needs=needs))
    assert load is not None
    assert (load.accounts, round(load.share, 2)) == (["student9"], 1.33)


def test_the_journey_whose_last_turn_is_longest_ago_goes_first() -> None:
    found, _ = triage(waiting(("a", 50), ("b", 40), ("c", 5), ("d", 1)), NOON, 120, {"a": 9, "b": 8, "c": 2})
    assert [slot.journey for slot in found] == ["d", "c", "b", "a"]
