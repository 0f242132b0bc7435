"""Decides which waiting slots may still run, and why the others are missed: a missed slot is better than a late run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from firstbell.runner.schedule.slot_state import MissedReason

NO_TURNS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSlot:
    """A slot that is due and has not begun."""

    id: int
    journey: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedSlot:
    """A slot that will not run, and the reason."""

    slot: WaitingSlot
    why: MissedReason


def triage(
    waiting: Sequence[WaitingSlot], now: datetime, grace_s: float, turns: Mapping[str, int] = NO_TURNS
) -> tuple[list[WaitingSlot], list[MissedSlot]]:
    """Returns the slots that may run, and those that are missed. Only the latest slot of each journey may run, and only
    within the grace. The journey whose last turn is longest ago goes first, and one that never had a turn before it."""
    latest: dict[str, WaitingSlot] = {}
    for slot in sorted(waiting, key=lambda slot: slot.due_at):
        latest[slot.journey] = slot
    playable = [slot for slot in latest.values() if now - slot.due_at <= timedelta(seconds=grace_s)]
    missed = list(_missed(waiting, latest, {slot.id for slot in playable}))
    return sorted(playable, key=lambda slot: (turns.get(slot.journey, 0), slot.due_at, slot.journey)), missed


def _missed(waiting: Iterable[WaitingSlot], latest: dict[str, WaitingSlot], playable: set[int]) -> Iterator[MissedSlot]:
    for slot in waiting:
        if slot.id in playable:
            continue
        is_latest = latest[slot.journey] is slot
        why = MissedReason.NO_WORKER if is_latest else MissedReason.OVERTAKEN
        yield MissedSlot(slot=slot, why=why)
