"""Decides when a worker is replaced: by attempts, by memory, after a failed close, or when its browser does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RecycleReason(Enum):
    """The reason to replace a worker."""

    COUNT = "it has played long enough"
    MEMORY = "it has grown too large"
    UNCLOSED = "it could not close what it had opened"
    BROWSER_UNRESPONSIVE = "its browser did not answer"
    CONFIRMING = "a failure is confirmed by a worker that has never played"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """The limits of one worker's life. A browser leaks a little with each attempt: playwright#6319 and similar issues."""

    attempts: int
    memory_mib: float
    # Shorter than any interval in which a browser has been seen to die unnoticed, longer than a busy worker's pauses.
    probe_after_idle_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerUsage:
    """The state of a worker. `memory_mib` is that of its whole process tree."""

    attempts: int
    memory_mib: float
    unclosed: str = ""


def recycle_reason(wear: WorkerUsage, limits: WorkerLimits) -> RecycleReason | None:
    """Returns the reason to replace a worker before its next attempt, or None."""
    if wear.unclosed:
        return RecycleReason.UNCLOSED
    if wear.attempts >= limits.attempts:
        return RecycleReason.COUNT
    return RecycleReason.MEMORY if wear.memory_mib > limits.memory_mib else None
