"""Shortfalls of a call that works: only over a relay, over TCP, late, or with few frames."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof


class Shortfall(Enum):
    """A kind of shortfall; the values are stored in history."""

    RELAY = "relay"
    TCP = "tcp"
    LATENCY = "latency"
    FRAME_RATE = "frame-rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityThresholds:
    """The quality that a district asks of its calls; by default the needs of people who read lips (EN 301 549, 6.5.1).

    `latency_ms`, from camera to screen: delays below 0.4 s are preferred. `frames_per_s`: 12 are usable with some
    restrictions; 8 leave room for a busy machine. The signed camera sends 15.
    """

    latency_ms: float = 400.0
    frames_per_s: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """One shortfall of one direction of a call, and its description."""

    shortfall: Shortfall
    said: str


def degradations(proof: MediaProof, limits: QualityThresholds) -> tuple[Degradation, ...]:
    """The shortfalls of a proved call. Empty for a good call, and for a broken one."""
    if proof.fault is not None:
        return ()
    found = (_relay(proof), _tcp(proof), _latency(proof, limits), _frame_rate(proof, limits))
    return tuple(degraded for degraded in found if degraded is not None)


def _relay(proof: MediaProof) -> Degradation | None:
    if proof.path is None or "relay" not in (proof.path.local, proof.path.remote):
        return None
    return Degradation(shortfall=Shortfall.RELAY, said=f"{_pair_text(proof)} over a relay only")


def _tcp(proof: MediaProof) -> Degradation | None:
    if proof.path is None or proof.path.protocol not in ("tcp", "tls"):
        return None
    return Degradation(shortfall=Shortfall.TCP, said=f"{_pair_text(proof)} over TCP only")


def _latency(proof: MediaProof, limits: QualityThresholds) -> Degradation | None:
    if proof.latency_ms is None or proof.latency_ms <= limits.latency_ms or proof.is_late:
        return None
    said = f"{_pair_text(proof)} {proof.latency_ms:.0f} ms late; at most {limits.latency_ms:.0f} ms are accepted"
    return Degradation(shortfall=Shortfall.LATENCY, said=said)


def _frame_rate(proof: MediaProof, limits: QualityThresholds) -> Degradation | None:
    if proof.frames_per_s >= limits.frames_per_s or not proof.is_rate_certain:
        return None
    few = f"at {proof.frames_per_s:.1f} frames a second; at least {limits.frames_per_s:.0f} are accepted"
    return Degradation(shortfall=Shortfall.FRAME_RATE, said=f"{_pair_text(proof)} {few}")


def _pair_text(proof: MediaProof) -> str:
    return f"{proof.observer} sees and hears {proof.observed}"
