"""Notices on their way: what the outbox holds, and how whoever delivers them works on it.

At least once: a notice is claimed for a while, delivered, and marked. Whoever dies in between leaves a claim that runs
out, and the notice goes again with the same key. Notices of one incident to one address keep their order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from firstbell.runner.alarms.message import Message


class DeliveryState(Enum):
    """How far a notice has come."""

    DRAFT = "draft"  # waits for a person to confirm it
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # refused for good, or given up
    DROPPED = "dropped"  # taken back by a person


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotice:
    """One notice to one address. `key` is its name for ever, `picture` an object in the store, or nothing; `tries`
    counts those before."""

    id: int
    key: str
    incident: int
    route: str
    address: str
    message: Message
    picture: str
    tries: int
    made_at: datetime


class Outbox(Protocol):
    """What is to be delivered. Every method raises what the database raises when it is away."""

    def claim(self, busy: Collection[str], lease: timedelta) -> QueuedNotice | None:
        """The most urgent notice that is due and whose address is not busy; None when there is none."""

    def delivered(self, notification: QueuedNotice, receipt: str) -> None:
        """The other side has it."""

    def again(self, notification: QueuedNotice, said: str, after: timedelta) -> None:
        """Not now; try again after a while."""

    def dead(self, notification: QueuedNotice, said: str) -> None:
        """Never: the address does not work, or it has taken too long."""
