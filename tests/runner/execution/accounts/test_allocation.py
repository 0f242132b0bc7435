"""Tests the allocation of an account to each role, of the right group; and the reasons to replace a worker."""

from __future__ import annotations

import pytest

from firstbell.runner.execution.accounts.allocation import EVERY_ROLE, AccountCandidate, AccountPool, AccountRequest
from firstbell.runner.execution.supervision.recycling import RecycleReason, WorkerLimits, WorkerUsage, recycle_reason

POOL = AccountPool(
    candidates=[
        AccountCandidate(account="teacher", role="teacher", lock="t"),
        AccountCandidate(account="student", role="student", lock="s"),
        AccountCandidate(account="student2", role="student", lock="s2"),
        AccountCandidate(account="senior", role="student", lock="h", groups=("high",)),
    ],
    room="class",
)
BOTH = ("teacher", "student")


@pytest.mark.parametrize(
    ("part", "taken", "accounts"),
    [
        pytest.param(
            AccountRequest(roles=BOTH), set(), {"teacher": "teacher", "student": "student"}, id="everybody is free"
        ),
        pytest.param(
            AccountRequest(roles=BOTH), {"s"}, {"teacher": "teacher", "student": "student2"}, id="another of the role"
        ),
        pytest.param(AccountRequest(roles=BOTH), {"t"}, None, id="the only teacher is busy"),
        pytest.param(
            AccountRequest(roles=("student",)), {"t"}, {"student": "student"}, id="who is not needed may be busy"
        ),
        pytest.param(
            AccountRequest(roles=("student",), groups=("high",)), set(), {"student": "senior"}, id="one of the group"
        ),
        pytest.param(
            AccountRequest(roles=("student",), groups=("high",)), {"h"}, {"student": "student"}, id="or of all groups"
        ),
        pytest.param(
            AccountRequest(roles=("student",), groups=("low",)), {"s", "s2"}, None, id="never one of another group"
        ),
        pytest.param(
            AccountRequest(roles=("student",)), {"s", "s2"}, {"student": "senior"}, id="no group asks for nobody's"
        ),
        pytest.param(AccountRequest(roles=("nurse",)), set(), {}, id="a role without accounts is left open"),
        pytest.param(AccountRequest(roles=BOTH, meets=True), {"class"}, None, id="the class is in use"),
        pytest.param(
            AccountRequest(roles=BOTH), {"class"}, {"teacher": "teacher", "student": "student"}, id="but not needed"
        ),
    ],
)
def test_each_role_gets_a_free_account(part: AccountRequest, taken: set[str], accounts: dict[str, str] | None) -> None:
    allocation = POOL.allocate(part, taken)
    assert (dict(allocation.accounts) if allocation else None) == accounts


def test_accounts_are_locked_and_the_class_if_actors_meet() -> None:
    allocation = POOL.allocate(AccountRequest(roles=BOTH, meets=True), set())
    assert allocation is not None
    assert allocation.locks == ["t", "s", "class"]


def test_journey_for_any_role_gets_one_account_of_each() -> None:
    allocation = POOL.allocate(AccountRequest(roles=(EVERY_ROLE,)), set())
    assert allocation is not None
    assert set(allocation.accounts) == {"teacher", "student"}


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (WorkerUsage(attempts=199, memory_mib=2999), None),
        (WorkerUsage(attempts=200, memory_mib=100), RecycleReason.COUNT),
        (WorkerUsage(attempts=1, memory_mib=3001), RecycleReason.MEMORY),
        (WorkerUsage(attempts=1, memory_mib=100, unclosed="context.close: timed out"), RecycleReason.UNCLOSED),
    ],
)
def test_worker_is_replaced_for_a_reason(usage: WorkerUsage, why: RecycleReason | None) -> None:
    assert recycle_reason(usage, WorkerLimits(attempts=200, memory_mib=3000)) is why
