"""Locks on synthetic accounts: each is used by one run at a time, wherever that run was started."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from datetime import datetime, timedelta

from sqlalchemy import Connection, String, cast, delete, exists, insert, literal, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.tables.runs import locks, slots
from firstbell.runner.schedule.slot_state import SlotState

IsGone = Callable[[str], bool]

# How long an account stays locked after its owner was lost. The locks of a dead process on this machine end at once.
SLOT_LEASE_S = 60.0  # Renewed while the slot runs.
RUN_LEASE_DEADLINES = 2  # A run by hand: each of its two attempts may take the journey's deadline.
FORGOTTEN_S = 7200.0  # After its lease, the lock of a slot that nothing ends: its location is no longer watched.
SESSION_LEASE_S = 3600.0  # A session of plain pytest, in which a person may stop at a breakpoint.


def current_locks(connection: Connection, now: datetime, is_gone: IsGone) -> frozenset[str]:
    """Returns the locks that are held, after deleting those that have expired or whose owner is gone.

    The locks of a slot that runs end with it: after an outage its lease has expired, and it still plays.
    """
    holder = literal("slot ") + cast(slots.c.id, String) + "/" + cast(slots.c.fence, String)
    is_running = exists().where(slots.c.state == SlotState.RUNNING, holder == locks.c.holder)
    is_forgotten = locks.c.lease_until < now - timedelta(seconds=FORGOTTEN_S)
    connection.execute(delete(locks).where(locks.c.lease_until < now, ~is_running | is_forgotten))
    for owner in connection.execute(select(locks.c.owner).distinct()).scalars().all():
        if is_gone(owner):
            connection.execute(delete(locks).where(locks.c.owner == owner))
    return frozenset(connection.execute(select(locks.c.name)).scalars())


def take_locks(connection: Connection, names: Sequence[str], *, owner: str, holder: str, until: datetime) -> None:
    """Takes locks that are free, in the transaction that has read them."""
    rows = [{"name": name, "owner": owner, "holder": holder, "lease_until": until} for name in names]
    if rows:
        connection.execute(insert(locks), rows)


class AccountLocks:
    """The locks in one database, for runs by hand; a slot takes its locks with its claim."""

    def __init__(self, database: Database, owner: str, is_gone: IsGone) -> None:
        self._database = database
        self._owner = owner
        self._is_gone = is_gone

    def allocate(
        self, choose: Callable[[Set[str]], AccountAllocation | None], *, holder: str, lease_s: float
    ) -> AccountAllocation | None:
        """Locks free accounts for a while and returns them; None when an account that is needed is in use."""
        with self._database.write_exclusively() as connection:
            now = self._database.now(connection)
            allocation = choose(current_locks(connection, now, self._is_gone))
            if allocation is not None:
                until = now + timedelta(seconds=lease_s)
                take_locks(connection, allocation.locks, owner=self._owner, holder=holder, until=until)
        return allocation

    def release(self, holder: str) -> None:
        """Releases the locks of a holder."""
        with self._database.write() as connection:
            connection.execute(delete(locks).where(locks.c.holder == holder))
