"""Engages people for a play by hand: waits until each role has an account that is free, and keeps it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from firstbell.errors import FirstBellError
from firstbell.runner.execution.accounts.allocation import AccountPool, AccountRequest
from firstbell.runner.execution.supervision.process_identity import this_process
from firstbell.runner.history.slots.account_locks import AccountLocks
from firstbell.runner.history.slots.claims import AccountAllocation

# How long a run by hand waits for an account that another run plays, and how often it looks.
RESERVATION_S = 180.0
LOOK_AGAIN_S = 0.5


class AccountsBusy(FirstBellError):
    """An account that is needed stays in use by another run."""


@contextmanager
def reserved_accounts(
    company: AccountPool, part: AccountRequest, locks: AccountLocks, *, lease_s: float
) -> Iterator[AccountAllocation]:
    """Somebody for each role, who is in no other run meanwhile. Raises Busy and HistoryError."""
    holder = f"run by {this_process()}"
    deadline = time.monotonic() + RESERVATION_S
    while (
        casting := locks.allocate(
            lambda taken: company.cast(part, taken), holder=holder, lease_s=lease_s + RESERVATION_S
        )
    ) is None:
        if time.monotonic() > deadline:
            raise AccountsBusy(
                "the accounts that this journey needs are in use by other runs; try again when they are done"
            )
        time.sleep(LOOK_AGAIN_S)
    try:
        yield casting
    finally:
        locks.release(holder)
