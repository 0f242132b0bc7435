"""A claim on a slot: it holds while its fence equals the slot's, and ends with the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, update

from firstbell.runner.history.record import RunRow
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.tables.runs import locks, slots
from firstbell.runner.schedule.slot_state import MissedReason, SlotState


class ClaimLost(Exception):
    """The claim no longer holds: its lease expired and the slot was ended without it. Nothing was written."""


class RunEnding(Enum):
    """The slot of a run that is recorded.

    IN_TIME: it ended with the run. OVERTAKEN: it had ended as abandoned, and is given back to the run. WITHOUT_SLOT:
    it had ended otherwise, and stays so.
    """

    IN_TIME = "in time"
    OVERTAKEN = "overtaken"
    WITHOUT_SLOT = "without slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to run a slot once. Its run counts as late if it begins more than `late_after_s` after it was due."""

    slot: int
    journey: str
    location: str
    due_at: datetime
    phase: str
    fence: int
    owner: str
    allocation: AccountAllocation
    late_after_s: float

    @property
    def holder(self) -> str:
        """Holder of its locks."""
        return lock_holder(self.slot, self.fence)


def lock_holder(slot: int, fence: int) -> str:
    """Returns the holder of a slot's locks."""
    return f"slot {slot}/{fence}"


def holds(claim: Claim) -> ColumnElement[bool]:
    """Returns the condition that a claim still holds."""
    return (slots.c.id == claim.slot) & (slots.c.fence == claim.fence) & (slots.c.state == SlotState.RUNNING)


def end_values(state: SlotState, why: str) -> dict[str, Any]:
    """Returns the values of a slot that ends. The fence rises, so that no condition of its running holds any more."""
    is_weighed = state is not SlotState.MISSED
    return {"state": state, "why": why, "fence": slots.c.fence + 1, "lease_until": None, "weighed": is_weighed}


def end_with_run(connection: Connection, claim: Claim, run: RunRow) -> RunEnding:
    """Ends a slot with its run. A slot that was taken for abandoned meanwhile is never run again, so that its run is
    the only one; the caller takes it out of the count of missed slots."""
    late = run.started_at - claim.due_at > timedelta(seconds=claim.late_after_s)
    why = f"began {(run.started_at - claim.due_at).total_seconds():.0f} s after it was due" if late else ""
    values = {"run_id": run.id, **end_values(SlotState.LATE if late else SlotState.RAN, why)}
    if connection.execute(update(slots).where(holds(claim)).values(**values)).rowcount == 1:
        connection.execute(delete(locks).where(locks.c.holder == claim.holder))
        return RunEnding.IN_TIME
    is_abandoned = (slots.c.state == SlotState.MISSED) & (slots.c.why == MissedReason.ABANDONED)
    overtaken = (slots.c.id == claim.slot) & (slots.c.fence == claim.fence + 1) & is_abandoned
    is_given_back = connection.execute(update(slots).where(overtaken).values(**values)).rowcount == 1
    return RunEnding.OVERTAKEN if is_given_back else RunEnding.WITHOUT_SLOT


def end_claim(connection: Connection, claim: Claim, *, state: SlotState, why: str) -> None:
    """Ends a claimed slot in a state, and releases its locks. Raises ClaimLost."""
    done = connection.execute(update(slots).where(holds(claim)).values(**end_values(state, why)))
    if done.rowcount != 1:
        raise ClaimLost(f"the slot of {claim.journey} due {claim.due_at:%H:%M:%S} has ended without this run")
    connection.execute(delete(locks).where(locks.c.holder == claim.holder))
