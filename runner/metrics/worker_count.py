"""The workers of one location."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCount:
    """The workers of a location, and how many of them play a journey now."""

    total: int
    busy: int
