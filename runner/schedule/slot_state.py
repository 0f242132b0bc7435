"""The states of a slot, and the reasons that one was missed. Their values are stored in history and never change."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class SlotState(StrEnum):
    """The state of a slot. RAN, LATE, MISSED and SKIPPED are final."""

    PLANNED = "planned"
    RUNNING = "running"
    RAN = "ran"
    LATE = "late"
    MISSED = "missed"
    SKIPPED = "skipped"


class MissedReason(StrEnum):
    """The reason that a slot was missed. Old rows have these values too, so they stay."""

    UNWATCHED = "nobody was watching"
    OVERTAKEN = "the next one was due before a worker was free"
    NO_WORKER = "no worker was free in time"
    ABANDONED = "whoever ran it ended in the middle"


WORDS: Mapping[str, str] = {
    MissedReason.UNWATCHED: "firstbell watch was not running",
    MissedReason.OVERTAKEN: "the next one was due before a worker was free",
    MissedReason.NO_WORKER: "no worker was free in time",
    MissedReason.ABANDONED: "its worker ended in the middle of the run",
}
"""The text of each reason; it may change."""


def in_words(why: str) -> str:
    """Returns the text of a stored reason. A reason that is none of the above is a sentence already."""
    return WORDS.get(why, why)
