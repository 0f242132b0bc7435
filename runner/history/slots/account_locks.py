"""Locks on synthetic accounts: each is played by one run at a time, wherever that run was started."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.claims import AccountAllocation
from firstbell.runner.history.tables.runs import locks

IsGone = Callable[[str], bool]

# For how long an account stays locked whose owner was lost. Owners on this machine that are gone lose theirs at once.
SLOT_LEASE_S = 60.0  # Renewed while the slot is played.
RUN_LEASE_DEADLINES = 2  # A run by hand: each of its attempts may take the journey's deadline.
SESSION_LEASE_S = 3600.0  # A session of plain pytest, in which a person may stand still at a breakpoint.


def held_locks(connection: Connection, now: datetime, is_gone: IsGone) -> frozenset[str]:
    """The locks that are held; those of owners that are gone, or whose lease has run out, are given back first."""
    connection.execute(delete(locks).where(locks.c.lease_until < now))
    for owner in connection.execute(select(locks.c.owner).distinct()).scalars().all():
        if is_gone(owner):
            connection.execute(delete(locks).where(locks.c.owner == owner))
    return frozenset(connection.execute(select(locks.c.name)).scalars())


def take_locks(connection: Connection, names: Sequence[str], *, owner: str, holder: str, until: datetime) -> None:
    """Take locks that are free, in the transaction that looked."""
    rows = [{"name": name, "owner": owner, "holder": holder, "lease_until": until} for name in names]
    if rows:
        connection.execute(insert(locks), rows)


class AccountLocks:
    """The locks in one database, for runs by hand; a slot takes its own with its claim."""

    def __init__(self, database: Database, owner: str, is_gone: IsGone) -> None:
        self._database = database
        self._owner = owner
        self._is_gone = is_gone

    def cast(
        self, who: Callable[[Set[str]], AccountAllocation | None], *, holder: str, lease_s: float
    ) -> AccountAllocation | None:
        """People who are free, locked for a while; None when somebody who is needed is busy."""
        with self._database.write_alone() as connection:
            now = self._database.now(connection)
            casting = who(held_locks(connection, now, self._is_gone))
            if casting is not None:
                until = now + timedelta(seconds=lease_s)
                take_locks(connection, casting.locks, owner=self._owner, holder=holder, until=until)
        return casting

    def give_back(self, holder: str) -> None:
        """Give back what is held under a name."""
        with self._database.write() as connection:
            connection.execute(delete(locks).where(locks.c.holder == holder))
