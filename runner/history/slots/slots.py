"""Slots in history: planned once, claimed once, and each with an end that says why.

Crash-safe by what is written down: a slot is claimed (running, with owner, fence and lease) before it is played, and
settled in the transaction that records its run. If we die in between, its lease runs out, or somebody on this machine
sees that its owner is gone, and it ends as missed: a slot never runs twice. A late zombie's result meets another fence
and is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, select, update

from firstbell.runner.history.daily_figures import DailyCount, add_count
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import SLOT_LEASE_S, IsGone, held_locks, take_locks
from firstbell.runner.history.slots.claims import AccountAllocation, Claim, end_claim, lock_holder
from firstbell.runner.history.tables.runs import locks, planned, slots
from firstbell.runner.history.upsert import insert_of
from firstbell.runner.schedule.late_slots import WaitingSlot, triage
from firstbell.runner.schedule.slot_state import MissedReason, SlotState, in_words
from firstbell.runner.schedule.slots import Due

CHUNK = 5000
Allocate = Callable[[str, frozenset[str]], AccountAllocation | None]
"""Who could play a journey while these locks are held; None when somebody who is needed is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """How slots are claimed, by whom, and how one knows that another owner is gone. Seconds."""

    owner: str
    is_gone: IsGone
    grace_s: float
    late_after_s: float
    lease_s: float = SLOT_LEASE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Slots that ended together without a run: how many, of which journeys, due from when to when, and why."""

    state: str
    why: str
    slots: int
    journeys: int
    first: datetime
    last: datetime


class SlotHistory:
    """The slots of one location in one database; days are the school's. Raises HistoryError when it is away."""

    def __init__(self, database: Database, location: str, zone: ZoneInfo) -> None:
        self._database = database
        self._location = location
        self._zone = zone

    def now(self) -> datetime:
        """What time it is for slots."""
        with self._database.read() as connection:
            return self._database.now(connection)

    def planned_until(self) -> dict[str, datetime]:
        """Up to when each journey is planned."""
        with self._database.read() as connection:
            found = select(planned.c.journey, planned.c.until).where(planned.c.location == self._location)
            return {row.journey: row.until for row in connection.execute(found)}

    def plan(self, dues: Sequence[Due], until: Mapping[str, datetime]) -> None:
        """Write slots down, each once whoever plans it, and up to when each journey is planned now.

        A slot that a clock gone astray had written off as unwatched is planned again: it has not been played.
        """
        with self._database.write() as connection:
            self._insert(connection, dues, state=SlotState.PLANNED, why="")
            if dues:
                early = (slots.c.due_at >= dues[0].at) & (slots.c.location == self._location)
                astray = (slots.c.state == SlotState.MISSED) & (slots.c.why == MissedReason.UNWATCHED) & early
                back = update(slots).where(astray).values(state=SlotState.PLANNED, why="", weighed=True)
                again = connection.execute(back.returning(slots.c.journey, slots.c.due_at))
                unsaid = Counter((self._day(row.due_at), row.journey) for row in again)
                self._count(connection, Counter({key: -number for key, number in unsaid.items()}), SlotState.MISSED)
            upsert = insert_of(connection)(planned)
            rows = [{"journey": name, "location": self._location, "until": at} for name, at in until.items()]
            if rows:
                later = {"until": upsert.excluded.until}
                connection.execute(
                    upsert.on_conflict_do_update(index_elements=["journey", "location"], set_=later), rows
                )

    def miss(self, dues: Sequence[Due], why: MissedReason) -> int:
        """Write down slots that nobody ran, in bites that keep no other writer waiting for long; how many were new."""
        missed = 0
        for begin in range(0, len(dues), CHUNK):
            with self._database.write() as connection:
                new = self._insert(connection, dues[begin : begin + CHUNK], state=SlotState.MISSED, why=why)
                self._count(connection, Counter((day, journey) for day, journey in new), SlotState.MISSED)
                missed += len(new)
        return missed

    def miss_before(self, moment: datetime, why: MissedReason) -> int:
        """End slots that were planned, were due before a moment, and were not claimed; how many."""
        late = (slots.c.state == SlotState.PLANNED) & (slots.c.location == self._location) & (slots.c.due_at < moment)
        with self._database.write() as connection:
            return self._end(connection, late, SlotState.MISSED, why)

    def next_due(self) -> datetime | None:
        """When the next slot is due, or was; None when nothing is planned."""
        wanted = select(func.min(slots.c.due_at)).where(
            slots.c.state == SlotState.PLANNED, slots.c.location == self._location
        )
        with self._database.read() as connection:
            first: datetime | None = connection.execute(wanted).scalar_one()
            return first

    def claim(self, terms: ClaimPolicy, cast: Allocate) -> Claim | None:
        """The oldest slot that is due and whose people are free; slots that are too late end as missed."""
        with self._database.write_alone() as connection:
            now = self._database.now(connection)
            waiting = self._waiting(connection, now)
            playable, missed = triage(waiting, now, terms.grace_s)
            for lost in missed:
                self._end(connection, slots.c.id == lost.slot.id, SlotState.MISSED, lost.why)
            held = held_locks(connection, now, terms.is_gone) if playable else frozenset[str]()
            for slot in playable:
                if (casting := cast(slot.journey, held)) is not None:
                    return self._take(connection, slot, casting, terms, now)
        return None

    def renew(self, terms: ClaimPolicy, held: Collection[Claim]) -> None:
        """Hold on to what is being played. What nobody plays any more is not held: its lease runs out."""
        if not held:
            return
        with self._database.write() as connection:
            until = self._database.now(connection) + timedelta(seconds=terms.lease_s)
            for claim in held:
                ours = (
                    (slots.c.id == claim.slot) & (slots.c.fence == claim.fence) & (slots.c.state == SlotState.RUNNING)
                )
                connection.execute(update(slots).where(ours).values(lease_until=until))
                connection.execute(update(locks).where(locks.c.holder == claim.holder).values(lease_until=until))

    def skip(self, claim: Claim, why: str) -> None:
        """End a claimed slot that is not to be played."""
        with self._database.write() as connection:
            end_claim(connection, claim, state=SlotState.SKIPPED, why=why)
            self._count(connection, Counter([(self._day(claim.due_at), claim.journey)]), SlotState.SKIPPED)

    def lose(self, claim: Claim, why: str) -> None:
        """End a claimed slot whose run came to nothing."""
        with self._database.write() as connection:
            end_claim(connection, claim, state=SlotState.MISSED, why=why)
            self._count(connection, Counter([(self._day(claim.due_at), claim.journey)]), SlotState.MISSED)

    def reap(self, is_gone: IsGone) -> int:
        """End what runs for owners that are gone or whose lease has run out; how many slots that were."""
        running = select(slots.c.id, slots.c.owner, slots.c.fence, slots.c.lease_until).where(
            slots.c.state == SlotState.RUNNING, slots.c.location == self._location
        )
        with self._database.write_alone() as connection:
            now = self._database.now(connection)
            dead = [row for row in connection.execute(running).all() if row.lease_until < now or is_gone(row.owner)]
            for row in dead:
                this = (slots.c.id == row.id) & (slots.c.fence == row.fence)
                self._end(connection, this, SlotState.MISSED, MissedReason.ABANDONED)
                connection.execute(delete(locks).where(locks.c.holder == lock_holder(row.id, row.fence)))
            return len(dead)

    def gaps(self, since: datetime, limit: int) -> list[Gap]:
        """What ended without a run since a moment, in groups with the same reason and hour, the latest first."""
        columns = (slots.c.state, slots.c.why)
        ended = slots.c.state.in_((SlotState.MISSED, SlotState.SKIPPED)) & (slots.c.due_at >= since)
        first, last = func.min(slots.c.due_at).label("first"), func.max(slots.c.due_at).label("last")
        many = (func.count().label("slots"), func.count(slots.c.journey.distinct()).label("journeys"))
        wanted = select(*columns, *many, first, last).where(ended, slots.c.location == self._location)
        with self._database.read() as connection:
            rows = connection.execute(wanted.group_by(*columns).order_by(last.desc()).limit(limit)).mappings()
            return [Gap(**{**row, "why": in_words(row["why"])}) for row in rows]

    def _waiting(self, connection: Connection, now: datetime) -> list[WaitingSlot]:
        wanted = (
            select(slots.c.id, slots.c.journey, slots.c.due_at)
            .where(slots.c.state == SlotState.PLANNED, slots.c.location == self._location, slots.c.due_at <= now)
            .order_by(slots.c.due_at)
            .limit(CHUNK)
        )
        return [WaitingSlot(**row) for row in connection.execute(wanted).mappings()]

    def _take(
        self, connection: Connection, slot: WaitingSlot, casting: AccountAllocation, terms: ClaimPolicy, now: datetime
    ) -> Claim:
        until = now + timedelta(seconds=terms.lease_s)
        taken = connection.execute(
            update(slots)
            .where(slots.c.id == slot.id)
            .values(state=SlotState.RUNNING, owner=terms.owner, fence=slots.c.fence + 1, lease_until=until)
            .returning(slots.c.fence, slots.c.phase)
        ).one()
        claim = Claim(
            slot=slot.id,
            journey=slot.journey,
            location=self._location,
            due_at=slot.due_at,
            phase=taken.phase,
            fence=taken.fence,
            owner=terms.owner,
            casting=casting,
            late_after_s=terms.late_after_s,
        )
        take_locks(connection, casting.locks, owner=terms.owner, holder=claim.holder, until=until)
        return claim

    def _end(self, connection: Connection, which: Any, state: SlotState, why: str) -> int:
        """End slots that nobody plays any more, and count them."""
        done = connection.execute(
            update(slots)
            .where(which)
            .values(
                state=state, why=why, fence=slots.c.fence + 1, lease_until=None, weighed=state is not SlotState.MISSED
            )
            .returning(slots.c.journey, slots.c.due_at)
        ).all()
        self._count(connection, Counter((self._day(row.due_at), row.journey) for row in done), state)
        return len(done)

    def _insert(
        self, connection: Connection, dues: Sequence[Due], *, state: SlotState, why: str
    ) -> list[tuple[date, str]]:
        """Insert slots that are not there yet; the day and journey of each that was not."""
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
