"""The states of a slot, and the reasons why one was missed. Their values stand in history and never change."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class SlotState(StrEnum):
    """How far a slot has come. RAN, LATE, MISSED and SKIPPED are its ends."""

    PLANNED = "planned"
    RUNNING = "running"
    RAN = "ran"
    LATE = "late"
    MISSED = "missed"
    SKIPPED = "skipped"


class MissedReason(StrEnum):
    """Why a slot was missed, where a decision may hang on it. Old rows hold these values too, so they stay."""

    UNWATCHED = "nobody was watching"
    OVERTAKEN = "the next one was due before a worker was free"
    NO_WORKER = "no worker was free in time"
    ABANDONED = "whoever ran it ended in the middle"


WORDS: Mapping[str, str] = {
    MissedReason.UNWATCHED: "nobody was watching",
    MissedReason.OVERTAKEN: "the next one was due before a worker was free",
    MissedReason.NO_WORKER: "no worker was free in time",
    MissedReason.ABANDONED: "whoever ran it ended in the middle",
}
"""Each reason as people read it; these words may change."""


def in_words(why: str) -> str:
    """The stored reason of a slot's end as people read it. A reason that is none of the above is a sentence already."""
    return WORDS.get(why, why)
