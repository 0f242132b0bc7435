"""The outbox: notices that wait for delivery, and the operations on them.

At least once: a notice is claimed for a while, delivered, and marked. If the process dies in between, its claim
expires, and the notice is sent again with the same key. Notices of one opening to one address keep their order, and a
new opening goes before an old closing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from firstbell.runner.alarms.message import Message

# A channel that has not taken a notice for this long opens an incident, while its notice is still being tried.
FAILING_AFTER = timedelta(seconds=60)


class DeliveryState(Enum):
    """State of a notice. The values are stored."""

    DRAFT = "draft"  # waits for a person to confirm it
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # refused for good, or given up
    DROPPED = "dropped"  # by a person, or overtaken
    PUT_ASIDE = "put aside"  # refused, and a person has seen it


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotice:
    """One notice to one address. `key` is unique for ever, `picture` an object in the store, or empty; `tries` counts
    the earlier ones."""

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
    """Queue of notices. Every method raises what the database raises when it cannot be reached."""

    def claim(self, busy: Collection[str], lease: timedelta) -> QueuedNotice | None:
        """Claims the most urgent notice that is due and whose address is not busy; None when there is none."""

    def mark_delivered(self, notice: QueuedNotice, receipt: str) -> None:
        """Marks a notice as delivered."""

    def retry_later(self, notice: QueuedNotice, reason: str, after: timedelta) -> None:
        """Marks a notice for another try after a while."""

    def mark_dead(self, notice: QueuedNotice, reason: str) -> None:
        """Gives a notice up: the address refuses it, or it has taken too long."""
