"""In what way a call that works falls short: by way of a relay, over TCP, late, or with few frames."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof


class Shortfall(Enum):
    """What falls short; the values go to history."""

    RELAY = "relay"
    TCP = "tcp"
    LATENCY = "latency"
    FRAME_RATE = "frame-rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityThresholds:
    """What a district wants of its calls; by default what people need who read lips (EN 301 549, 6.5.1).

    `latency_ms`, glass to glass: delays below 0.4 s are preferred there. `frames_per_s`: 12 are usable there with some
    restrictions; 8 leave room for what a look of half a second miscounts. The signed camera sends 15.
    """

    latency_ms: float = 400.0
    frames_per_s: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """One shortfall of one direction of a call, and the line that says it."""

    shortfall: Shortfall
    said: str


def degradations(proof: MediaProof, line: QualityThresholds) -> tuple[Degradation, ...]:
    """In what way a proved call is degraded: nothing where all is well, and nothing for one that is broken."""
    if proof.fault is not None:
        return ()
    found = (_relay(proof), _tcp(proof), _latency(proof, line), _frame_rate(proof, line))
    return tuple(degraded for degraded in found if degraded is not None)


def _relay(proof: MediaProof) -> Degradation | None:
    if proof.path is None or "relay" not in (proof.path.local, proof.path.remote):
        return None
    return Degradation(shortfall=Shortfall.RELAY, said=f"{_pair_text(proof)} by way of a relay only")


def _tcp(proof: MediaProof) -> Degradation | None:
    if proof.path is None or proof.path.protocol not in ("tcp", "tls"):
        return None
    return Degradation(shortfall=Shortfall.TCP, said=f"{_pair_text(proof)} over TCP only")


def _latency(proof: MediaProof, line: QualityThresholds) -> Degradation | None:
    if proof.latency_ms is None or proof.latency_ms <= line.latency_ms:
        return None
    said = f"{_pair_text(proof)} {proof.latency_ms:.0f} ms late, over the line of {line.latency_ms:.0f} ms"
    return Degradation(shortfall=Shortfall.LATENCY, said=said)


def _frame_rate(proof: MediaProof, line: QualityThresholds) -> Degradation | None:
    if proof.frames_per_s >= line.frames_per_s:
        return None
    said = f"{_pair_text(proof)} at {proof.frames_per_s:.1f} frames a second, under the line of {line.frames_per_s:.0f}"
    return Degradation(shortfall=Shortfall.FRAME_RATE, said=said)


def _pair_text(proof: MediaProof) -> str:
    return f"{proof.observer} sees and hears {proof.observed}"
