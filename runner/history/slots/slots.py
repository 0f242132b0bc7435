"""Slots in history: planned once, claimed once, and each ended with a reason.

Crash-safe by its rows: a slot is claimed (running, with owner, fence and lease) before it is run, and ended in the
transaction that records its run. If the process dies in between, the lease expires, or another process on this machine
sees that the owner is gone, and the slot ends as missed: a slot never runs twice. A result that comes after that gets
its slot back.

On PostgreSQL another process may change a slot between a read and the update that follows: each update asks for the
state that was read, and only the rows that it returns are acted on and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from firstbell.runner.history.daily_figures import DailyCount, add_count
from firstbell.runner.history.database import Database
from firstbell.runner.history.refusal import is_refusal
from firstbell.runner.history.slots.absences import AbsenceHistory
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.account_locks import SLOT_LEASE_S, IsGone, current_locks, take_locks
from firstbell.runner.history.slots.claims import Claim, end_claim, end_values, holds, lock_holder
from firstbell.runner.history.slots.gaps import Gap, read_gaps
from firstbell.runner.history.slots.turns import take_turn, turns_of
from firstbell.runner.history.tables.runs import locks, planned, slots
from firstbell.runner.history.upsert import insert_of
from firstbell.runner.schedule.late_slots import WaitingSlot, triage
from firstbell.runner.schedule.slot_state import MissedReason, SlotState
from firstbell.runner.schedule.slots import Due

log = structlog.get_logger()

# Slots that are read at once, and those that are written as missed in one transaction.
CHUNK, MISSED_CHUNK = 5000, 1000
Allocate = Callable[[str, frozenset[str]], AccountAllocation | None]
"""Returns accounts for a journey while these locks are held; None when an account that is needed is in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """Rules for claims: the owner, how to tell that another owner is gone, and times in seconds."""

    owner: str
    is_gone: IsGone
    grace_s: float
    late_after_s: float
    lease_s: float = SLOT_LEASE_S


class SlotHistory:
    """The slots of one location; days are the school's. Raises HistoryError when the database cannot be reached."""

    def __init__(self, database: Database, location: str, zone: ZoneInfo) -> None:
        self._database = database
        self._location = location
        self._zone = zone
        self.absences = AbsenceHistory(database, location, zone)

    def now(self) -> datetime:
        """Returns the time that slots are compared with."""
        with self._database.read() as connection:
            return self._database.now(connection)

    def planned_until(self) -> dict[str, datetime]:
        """Returns until when each journey is planned."""
        with self._database.read() as connection:
            query = select(planned.c.journey, planned.c.until).where(planned.c.location == self._location)
            return {row.journey: row.until for row in connection.execute(query)}

    def plan(self, dues: Sequence[Due], until: Mapping[str, datetime]) -> None:
        """Inserts slots, each once whichever process plans it, and until when each journey is planned now.

        A slot that a wrong clock had ended as unwatched is planned again: it has not run.
        """
        with self._database.write() as connection:
            self._insert(connection, dues, state=SlotState.PLANNED, why="")
            if dues:
                future = (slots.c.due_at >= dues[0].at) & (slots.c.location == self._location)
                too_early = (slots.c.state == SlotState.MISSED) & (slots.c.why == MissedReason.UNWATCHED) & future
                restore = update(slots).where(too_early).values(state=SlotState.PLANNED, why="", weighed=True)
                rows = connection.execute(restore.returning(slots.c.journey, slots.c.due_at))
                restored = Counter((self._day(row.due_at), row.journey) for row in rows)
                self._count(connection, Counter({key: -number for key, number in restored.items()}), SlotState.MISSED)
            upsert = insert_of(connection)(planned)
            horizons = [{"journey": name, "location": self._location, "until": at} for name, at in until.items()]
            if horizons:
                later = {"until": upsert.excluded.until}
                upsert = upsert.on_conflict_do_update(index_elements=["journey", "location"], set_=later)
                connection.execute(upsert, horizons)

    def forget(self, journeys: Collection[str]) -> None:
        """Forgets until when journeys were planned: planned again, they are new, and have missed nothing."""
        gone = planned.c.journey.in_(sorted(journeys)) & (planned.c.location == self._location)
        with self._database.write() as connection:
            connection.execute(delete(planned).where(gone))

    def miss(self, dues: Sequence[Due], why: MissedReason) -> int:
        """Inserts slots as missed, in chunks so that no other writer waits for long; returns the number of new ones."""
        missed = 0
        for begin in range(0, len(dues), MISSED_CHUNK):
            with self._database.write() as connection:
                new = self._insert(connection, dues[begin : begin + MISSED_CHUNK], state=SlotState.MISSED, why=why)
                self._count(connection, Counter((day, journey) for day, journey in new), SlotState.MISSED)
                missed += len(new)
        return missed

    def miss_before(self, moment: datetime, why: MissedReason) -> int:
        """Ends planned slots that were due before a moment and were not claimed; returns their count."""
        late = (slots.c.state == SlotState.PLANNED) & (slots.c.location == self._location) & (slots.c.due_at < moment)
        with self._database.write() as connection:
            return self._end(connection, late, SlotState.MISSED, why)

    def next_due(self) -> datetime | None:
        """Returns when the next slot is or was due; None when none is planned."""
        query = select(func.min(slots.c.due_at)).where(
            slots.c.state == SlotState.PLANNED, slots.c.location == self._location
        )
        with self._database.read() as connection:
            first: datetime | None = connection.execute(query).scalar_one()
            return first

    def claim(self, policy: ClaimPolicy, allocate: Allocate) -> Claim | None:
        """Claims a slot that is due and whose accounts are free, of the journey whose last turn is longest ago; slots
        that are too late end as missed. The accounts of the first slot that is late already are kept for it: journeys
        that need fewer would always be before it."""
        with self._database.write_exclusively() as connection:
            now, turns = self._database.now(connection), turns_of(connection, self._location)
            runnable, missed = triage(self._waiting(connection, now), now, policy.grace_s, turns)
            for lost in missed:
                this = (slots.c.id == lost.slot.id) & (slots.c.state == SlotState.PLANNED)
                self._end(connection, this, SlotState.MISSED, lost.why)
            taken = current_locks(connection, now, policy.is_gone) if runnable else frozenset[str]()
            kept: AccountAllocation | None = None
            for slot in runnable:
                allocation = allocate(slot.journey, taken.union(kept.locks if kept else ()))
                if allocation is not None and (claim := self._take_or_end(connection, slot, allocation, policy, now)):
                    take_turn(connection, claim.journey, self._location, turns)
                    return claim
                if allocation is None and kept is None and now - slot.due_at > timedelta(seconds=policy.late_after_s):
                    kept = allocate(slot.journey, frozenset())
        return None

    def renew(self, policy: ClaimPolicy, running: Collection[Claim]) -> datetime:
        """Renews the leases of the claims that this process is running; any other lease expires. Returns the time."""
        if not running:
            return self.now()
        with self._database.write() as connection:
            now = self._database.now(connection)
            until = now + timedelta(seconds=policy.lease_s)
            for claim in running:
                connection.execute(update(slots).where(holds(claim)).values(lease_until=until))
                connection.execute(update(locks).where(locks.c.holder == claim.holder).values(lease_until=until))
        return now

    def skip(self, claim: Claim, why: str) -> None:
        """Ends a claimed slot that must not run."""
        with self._database.write() as connection:
            end_claim(connection, claim, state=SlotState.SKIPPED, why=why)
            self._count(connection, Counter([(self._day(claim.due_at), claim.journey)]), SlotState.SKIPPED)

    def lose(self, claim: Claim, why: str) -> None:
        """Ends a claimed slot whose run had no result."""
        with self._database.write() as connection:
            end_claim(connection, claim, state=SlotState.MISSED, why=why)
            self._count(connection, Counter([(self._day(claim.due_at), claim.journey)]), SlotState.MISSED)

    def reap(self, is_gone: IsGone, *, by_lease: bool = True) -> int:
        """Ends running slots whose owner is gone or, with `by_lease`, whose lease has expired; returns their count."""
        running = select(slots.c.id, slots.c.owner, slots.c.fence, slots.c.lease_until).where(
            slots.c.state == SlotState.RUNNING, slots.c.location == self._location
        )
        with self._database.write_exclusively() as connection:
            now = self._database.now(connection)
            found = connection.execute(running).all()
            abandoned = [row for row in found if (by_lease and row.lease_until < now) or is_gone(row.owner)]
            ended = 0
            for row in abandoned:
                is_unchanged = (slots.c.fence == row.fence) & (slots.c.lease_until == row.lease_until)
                this = (slots.c.id == row.id) & (slots.c.state == SlotState.RUNNING) & is_unchanged
                if self._end(connection, this, SlotState.MISSED, MissedReason.ABANDONED):
                    connection.execute(delete(locks).where(locks.c.holder == lock_holder(row.id, row.fence)))
                    ended += 1
            return ended

    def gaps(self, since: datetime, limit: int) -> list[Gap]:
        """Returns the slots that ended without a run since a moment, grouped by reason, the latest first."""
        with self._database.read() as connection:
            return read_gaps(connection, self._location, since, limit)

    def _waiting(self, connection: Connection, now: datetime) -> list[WaitingSlot]:
        query = (
            select(slots.c.id, slots.c.journey, slots.c.due_at)
            .where(slots.c.state == SlotState.PLANNED, slots.c.location == self._location, slots.c.due_at <= now)
            .order_by(slots.c.due_at)
            .limit(CHUNK)
        )
        return [WaitingSlot(**row) for row in connection.execute(query).mappings()]

    def _take_or_end(
        self,
        connection: Connection,
        slot: WaitingSlot,
        allocation: AccountAllocation,
        policy: ClaimPolicy,
        now: datetime,
    ) -> Claim | None:
        """Claims a slot. Ends it if the database refuses the claim, so that it does not keep the others waiting."""
        try:
            with connection.begin_nested():
                return self._take(connection, slot, allocation, policy, now)
        except SQLAlchemyError as error:
            if not is_refusal(error):
                raise
            log.error("slot.claim_refused", journey=slot.journey, error=str(getattr(error, "orig", error)))
            this = (slots.c.id == slot.id) & (slots.c.state == SlotState.PLANNED)
            self._end(connection, this, SlotState.MISSED, "its claim was refused by history")
        return None

    def _take(
        self,
        connection: Connection,
        slot: WaitingSlot,
        allocation: AccountAllocation,
        policy: ClaimPolicy,
        now: datetime,
    ) -> Claim | None:
        """Claims a planned slot; returns None if another process has ended it since it was read."""
        until = now + timedelta(seconds=policy.lease_s)
        taken = connection.execute(
            update(slots)
            .where((slots.c.id == slot.id) & (slots.c.state == SlotState.PLANNED))
            .values(state=SlotState.RUNNING, owner=policy.owner, fence=slots.c.fence + 1, lease_until=until)
            .returning(slots.c.fence, slots.c.phase)
        ).one_or_none()
        if taken is None:
            return None
        claim = Claim(
            slot=slot.id,
            journey=slot.journey,
            location=self._location,
            due_at=slot.due_at,
            phase=taken.phase,
            fence=taken.fence,
            owner=policy.owner,
            allocation=allocation,
            late_after_s=policy.late_after_s,
        )
        take_locks(connection, allocation.locks, owner=policy.owner, holder=claim.holder, until=until)
        return claim

    def _end(self, connection: Connection, criterion: Any, state: SlotState, why: str) -> int:
        """Ends the slots that meet a criterion, which includes their state, and counts them; returns their number."""
        ending = update(slots).where(criterion).values(**end_values(state, why))
        done = connection.execute(ending.returning(slots.c.journey, slots.c.due_at)).all()
        self._count(connection, Counter((self._day(row.due_at), row.journey) for row in done), state)
        return len(done)

    def _insert(
        self, connection: Connection, dues: Sequence[Due], *, state: SlotState, why: str
    ) -> list[tuple[date, str]]:
        """Inserts the slots that do not exist yet; returns the day and journey of each."""
        rows = [
            {
                "journey": due.journey,
                "location": self._location,
                "due_at": due.at,
                "phase": due.phase.value,
                "state": state,
                "why": why,
                "weighed": state is not SlotState.MISSED,
            }
            for due in dues
        ]
        if not rows:
            return []
        once = insert_of(connection)(slots).on_conflict_do_nothing(index_elements=["journey", "location", "due_at"])
        new = connection.execute(once.returning(slots.c.journey, slots.c.due_at), rows)
        return [(self._day(row.due_at), row.journey) for row in new]

    def _count(self, connection: Connection, ended: Counter[tuple[date, str]], what: SlotState) -> None:
        for (day, journey), number in ended.items():
            add_count(connection, DailyCount(day=day, journey=journey, location=self._location, what=what, by=number))

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()
