"""Computes shares of processor time between two readings: busy, and stolen by the host for other machines."""

from __future__ import annotations

from dataclasses import dataclass

# "guest" is part of "user"; a processor that waits for a disk is idle.
NOT_COUNTED = frozenset({"guest", "guest_nice"})
IDLE = frozenset({"idle", "iowait", "steal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorShares:
    """Shares from 0 to 1. `stolen` is always 0 on macOS, which does not know it."""

    busy: float
    stolen: float


def shares_between(before: object, after: object) -> ProcessorShares:
    """Returns the shares between two readings of `psutil.cpu_times()`; zeros if no time has passed."""
    fields = [name for name in getattr(after, "_fields", ()) if name not in NOT_COUNTED]
    passed = {name: max(0.0, getattr(after, name) - getattr(before, name)) for name in fields}
    total = sum(passed.values())
    if total <= 0:
        return ProcessorShares(busy=0.0, stolen=0.0)
    busy = sum(share for name, share in passed.items() if name not in IDLE)
    return ProcessorShares(busy=busy / total, stolen=passed.get("steal", 0.0) / total)
