"""Two processes on one PostgreSQL: a slot that changes between a read and the next update ends once, counted once.

SQLite has one writer at a time, so nothing can change there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.daily_figures import COUNTED
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.claims import Claim, ClaimLost
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.history.tables.runs import days, locks, runs, slots
from firstbell.runner.schedule.slot_state import MissedReason
from firstbell.runner.schedule.slots import Due, Phase
from tests.support.clocks import NOON, Clock
from tests.support.races import just_before
from tests.support.servers import Postgres

ZONE = ZoneInfo("America/New_York")
SETTLED = {"ran": "passed", "late": "passed", "missed": "missed", "skipped": "skipped"}


class Pair:
    """The service that reads first, and another one with connections of its own; both share a clock."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.database, self.elsewhere = Database(url, clock), Database(url, clock)
        self.slots, self.others = (SlotHistory(one, "here", ZONE) for one in (self.database, self.elsewhere))

    def claim(self) -> Claim:
        self.others.plan([due()], {})
        claimed = self.others.claim(policy("other"), one_student)
        assert claimed is not None
        return claimed

    def record(self, claim: Claim) -> None:
        run = RunRow(id="r", journey=claim.journey, location="here", started_at=claim.due_at, took_s=2.0,
                     outcome="passed", evidence="x", version="0", due_at=claim.due_at)  # fmt: skip
        RunHistory(self.elsewhere, ZONE).record(run, claim)

    def ends(self) -> list[str]:
        """The states of all slots, after a comparison with the daily figures and the runs."""
        with self.database.read() as connection:
            rows = connection.execute(select(slots.c.state, slots.c.run_id).order_by(slots.c.due_at)).all()
            figures = connection.execute(select(days)).mappings().all()
            played = connection.execute(select(runs.c.id)).scalars().all()
        counted = Counter({name: sum(row[name] for row in figures) for name in COUNTED})
        assert +counted == Counter(SETTLED[row.state] for row in rows if row.state in SETTLED)
        assert sorted(row.run_id for row in rows if row.run_id) == sorted(played)
        return [row.state for row in rows]

    def held_locks(self) -> int:
        with self.database.read() as connection:
            return len(connection.execute(select(locks.c.name)).all())


@pytest.fixture
def pair(postgres: Postgres, clock: Clock) -> Iterator[Pair]:
    both = Pair(postgres.emptied(), clock)
    yield both
    both.database.close()
    both.elsewhere.close()


def policy(owner: str, grace_s: float = 120.0) -> ClaimPolicy:
    return ClaimPolicy(owner=owner, is_gone=lambda _owner: False, grace_s=grace_s, late_after_s=30.0)


def due(seconds: float = 0, journey: str = "live-class") -> Due:
    return Due(at=NOON + timedelta(seconds=seconds), journey=journey, phase=Phase.IN_CLASS)


def one_student(_journey: str, taken: frozenset[str]) -> AccountAllocation | None:
    return None if "student" in taken else AccountAllocation(accounts={"student": "student"}, locks=("student",))


@pytest.mark.parametrize(
    ("settle", "end"),
    [
        pytest.param(lambda pair, claim: pair.record(claim), "ran", id="recorded"),
        pytest.param(lambda pair, claim: pair.others.skip(claim, "maintenance"), "skipped", id="skipped"),
        pytest.param(lambda pair, claim: pair.others.lose(claim, "no result"), "missed", id="lost"),
        pytest.param(lambda pair, claim: pair.others.renew(policy("other"), [claim]), "running", id="renewed"),
    ],
)
def test_a_slot_that_its_owner_settles_is_not_reaped(
    pair: Pair, settle: Callable[[Pair, Claim], object], end: str
) -> None:
    claim = pair.claim()
    pair.clock.forward(61)
    with just_before(pair.database, "UPDATE slots", lambda: settle(pair, claim)):
        assert pair.slots.reap(lambda _owner: False) == 0
    assert pair.ends() == [end]
    assert pair.held_locks() == (1 if end == "running" else 0)


def test_a_slot_that_is_reaped_while_its_run_is_recorded_is_given_back(pair: Pair) -> None:
    claim = pair.claim()
    pair.clock.forward(61)

    def reap() -> None:
        assert pair.slots.reap(lambda _owner: False) == 1

    with just_before(pair.elsewhere, "UPDATE slots", reap):
        pair.record(claim)
    assert pair.ends() == ["ran"]
    assert pair.held_locks() == 0


def test_a_slot_that_is_missed_meanwhile_is_not_claimed_and_the_next_one_is(pair: Pair) -> None:
    pair.slots.plan([due(), due(1, "plan-b")], {})
    pair.clock.forward(60)

    def miss() -> None:
        assert pair.others.miss_before(NOON + timedelta(seconds=1), MissedReason.UNWATCHED) == 1

    with just_before(pair.database, "UPDATE slots", miss):
        claim = pair.slots.claim(policy("me"), one_student)
    assert claim is not None
    assert claim.journey == "plan-b"
    assert pair.ends() == ["missed", "running"]


@pytest.mark.parametrize("latest_s", [0, 60], ids=["no worker", "overtaken"])
def test_a_slot_that_two_services_find_too_late_is_counted_once(pair: Pair, latest_s: float) -> None:
    pair.slots.plan([due(), due(latest_s)], {})
    pair.clock.forward(600)

    def miss() -> None:
        pair.others.miss_before(pair.clock.now, MissedReason.UNWATCHED)

    with just_before(pair.database, "UPDATE slots", miss):
        assert pair.slots.claim(policy("me"), one_student) is None
    assert set(pair.ends()) == {"missed"}


def test_a_slot_that_is_missed_twice_at_once_is_counted_once(pair: Pair) -> None:
    pair.slots.plan([due()], {})
    pair.clock.forward(600)

    def miss() -> None:
        assert pair.others.miss_before(pair.clock.now, MissedReason.UNWATCHED) == 1

    with just_before(pair.database, "UPDATE slots", miss):
        assert pair.slots.miss_before(pair.clock.now, MissedReason.NO_WORKER) == 0
    assert pair.ends() == ["missed"]


def test_a_slot_that_is_planned_again_by_two_services_is_counted_once(pair: Pair) -> None:
    pair.slots.miss([due()], MissedReason.UNWATCHED)
    with just_before(pair.database, "UPDATE slots", lambda: pair.others.plan([due()], {})):
        pair.slots.plan([due()], {})
    assert pair.ends() == ["planned"]


def test_an_end_is_written_once(pair: Pair) -> None:
    claim = pair.claim()
    with just_before(pair.elsewhere, "UPDATE slots", lambda: pair.slots.skip(claim, "x")), pytest.raises(ClaimLost):
        pair.others.lose(claim, "y")
    assert pair.ends() == ["skipped"]


def test_a_slot_that_ends_as_missed_while_others_are_weighed_is_weighed_next(pair: Pair) -> None:
    incidents = IncidentService(pair.database, AlarmPolicy(zone=ZONE, routes=()))
    pair.slots.miss([due()], MissedReason.UNWATCHED)
    more = [due(second) for second in range(1, 4)]
    with just_before(pair.database, "UPDATE slots", lambda: pair.others.miss(more, MissedReason.UNWATCHED)):
        first = incidents.record_missed_slots("here")
    assert first + incidents.record_missed_slots("here") == 4


def test_the_fence_rises_at_the_end(pair: Pair) -> None:
    claim = pair.claim()
    pair.others.skip(claim, "maintenance")
    with pair.database.read() as connection:
        assert connection.execute(select(slots.c.fence)).scalar_one() == claim.fence + 1
