"""Figures of a call over time, as the receiving page counted them, for charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSample:
    """The counters of a page's connections at `at_ms` (that page's clock), with jitter and round trip of that time."""

    at_ms: float
    video_bytes: int
    audio_bytes: int
    frames_decoded: int
    lost: int
    jitter_ms: float | None
    round_trip_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigure:
    """One second or so of a call. `at_s` counts from the attempt's beginning; `lost` are packets in that time."""

    at_s: float
    video_kbps: float
    audio_kbps: float
    frames_per_s: float
    lost: int
    jitter_ms: float | None
    round_trip_ms: float | None


def read_samples(rows: Iterable[Mapping[str, Any]]) -> list[CallSample]:
    """The samples that probe.js returned."""
    return [CallSample(**{name: row[name] for name in CallSample.__slots__}) for row in rows]


def figures(samples: Sequence[CallSample], began_ms: float) -> tuple[CallFigure, ...]:
    """Rates between each sample and the next. A counter that went back has begun anew, and counts from zero."""
    return tuple(
        CallFigure(
            at_s=round((now.at_ms - began_ms) / 1000, 2),
            video_kbps=_per_s(now.video_bytes - before.video_bytes, before, now) * 8 / 1000,
            audio_kbps=_per_s(now.audio_bytes - before.audio_bytes, before, now) * 8 / 1000,
            frames_per_s=_per_s(now.frames_decoded - before.frames_decoded, before, now),
            lost=max(0, now.lost - before.lost),
            jitter_ms=now.jitter_ms,
            round_trip_ms=now.round_trip_ms,
        )
        for before, now in pairwise(samples)
        if now.at_ms > before.at_ms
    )


def _per_s(difference: int, before: CallSample, now: CallSample) -> float:
    return round(max(0, difference) * 1000 / (now.at_ms - before.at_ms), 2)
