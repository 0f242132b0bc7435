"""Forecasts how many students this machine can play, and tells afterwards whether it was the limit."""

from __future__ import annotations

from collections.abc import Sequence

from firstbell.runner.rehearsal.document import CostRow, SampleRow

# Above this share, waiting for the processor distorts every figure.
USABLE_SHARE = 0.85
# Arrivals at the bell, as a multiple of the average.
PEAK = 2.0
BUSY_SHARE, BUSY_FOR_SHARE = 0.95, 0.2
STOLEN_SHARE = 0.1
# An honest load of two live classes on two cores loses 5 to 15 % (execution/runs/probe_health.py).
LOST_SHARE = 0.25
LOW_MEMORY_MIB = 256.0


def capacity_of(cost: CostRow, *, cores: float, memory_free_mib: float, ramp_s: float) -> int:
    """Forecasts how many students arriving within `ramp_s` this machine can play with these free resources."""
    each = cost.staying_share + PEAK * cost.arriving_s / max(ramp_s, 1.0)
    by_cores = USABLE_SHARE * cores / each if each > 0 else 0.0
    usable_mib = memory_free_mib - LOW_MEMORY_MIB
    by_memory = usable_mib / cost.memory_mib if cost.memory_mib > 0 else by_cores
    return max(0, int(min(by_cores, by_memory)))


def limit_of(samples: Sequence[SampleRow], lost_share: float) -> str:
    """The reasons why this machine was the limit, as text; empty if it was not."""
    if not samples:
        return ""
    busy = sum(sample.busy_share >= BUSY_SHARE for sample in samples) / len(samples)
    stolen = sum(sample.stolen_share for sample in samples) / len(samples)
    free_mib = min(sample.memory_free_mib for sample in samples)
    reasons = {
        f"all processors were busy for {busy:.0%} of the time": busy >= BUSY_FOR_SHARE,
        f"its host gave {stolen:.0%} of processor time to other machines": stolen >= STOLEN_SHARE,
        f"player processes waited {lost_share:.0%} of the time for a processor": lost_share >= LOST_SHARE,
        f"only {free_mib:.0f} MiB of memory were left": free_mib < LOW_MEMORY_MIB,
    }
    return "; ".join(reason for reason, holds in reasons.items() if holds)


def busy_of(samples: Sequence[SampleRow]) -> float:
    """The average share of all cores in use."""
    return sum(sample.busy_share for sample in samples) / len(samples) if samples else 0.0
