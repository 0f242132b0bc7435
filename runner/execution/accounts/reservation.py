"""Reserves accounts for a run by hand: waits until each role has a free account, and keeps it locked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from firstbell.errors import FirstBellError
from firstbell.runner.execution.accounts.allocation import AccountPool, AccountRequest
from firstbell.runner.execution.supervision.process_identity import this_process
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.account_locks import AccountLocks

# How long a run by hand waits for an account that is in use, and the interval between its tries.
RESERVATION_S = 180.0
POLL_S = 0.5


class AccountsBusy(FirstBellError):
    """A needed account stays in use by another run."""


@contextmanager
def reserved_accounts(
    pool: AccountPool, request: AccountRequest, locks: AccountLocks, *, lease_s: float
) -> Iterator[AccountAllocation]:
    """Reserves an account for each role. Raises AccountsBusy and HistoryError."""
    holder = f"run by {this_process()}"
    deadline = time.monotonic() + RESERVATION_S
    while (
        allocation := locks.allocate(
            lambda taken: pool.allocate(request, taken), holder=holder, lease_s=lease_s + RESERVATION_S
        )
    ) is None:
        if time.monotonic() > deadline:
            raise AccountsBusy(
                "the accounts that this journey needs are in use by other runs; try again when they are done"
            )
        time.sleep(POLL_S)
    try:
        yield allocation
    finally:
        locks.release(holder)
