"""Decides when a worker is replaced: by attempts, by memory, after a failed close, or when its browser hangs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RecycleReason(Enum):
    """The reason to replace a worker."""

    COUNT = "attempt limit reached"
    MEMORY = "memory limit exceeded"
    UNCLOSED = "a close failed"
    BROWSER_UNRESPONSIVE = "browser did not answer"
    CONFIRMING = "fresh worker for a second attempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """The limits of one worker's life. A browser leaks a little with each attempt: playwright#6319 and others."""

    attempts: int
    memory_mib: float
    # Shorter than any interval in which a browser was seen to crash unnoticed, longer than a busy worker's pauses.
    probe_after_idle_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerUsage:
    """The state of a worker. `memory_mib` is that of its whole process tree."""

    attempts: int
    memory_mib: float
    unclosed: str = ""


def recycle_reason(usage: WorkerUsage, limits: WorkerLimits) -> RecycleReason | None:
    """Returns the reason to replace a worker before its next attempt, or None."""
    if usage.unclosed:
        return RecycleReason.UNCLOSED
    if usage.attempts >= limits.attempts:
        return RecycleReason.COUNT
    return RecycleReason.MEMORY if usage.memory_mib > limits.memory_mib else None
