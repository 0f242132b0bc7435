"""In what way a call that works falls short of the line: one row a shortfall."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstbell.journeys.media.degraded import QualityThresholds, Shortfall, degradations
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.journeys.media.sample import MediaPath

DIRECT = MediaPath(protocol="udp", local="host", remote="srflx", round_trip_ms=20.0)
PROVED = MediaProof(
    observer="student",
    observed="teacher",
    fault=None,
    said="",
    waited_s=0.4,
    window_s=0.4,
    latency_ms=400.0,
    frames_per_s=8.0,
    path=DIRECT,
)
RELAY, TCP, LATE, FEW = Shortfall.RELAY, Shortfall.TCP, Shortfall.LATENCY, Shortfall.FRAME_RATE


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        pytest.param(PROVED, [], id="on the line is not over it"),
        pytest.param(replace(PROVED, path=None, latency_ms=None), [], id="a page that draws by itself"),
        pytest.param(replace(PROVED, path=replace(DIRECT, local="relay")), [RELAY], id="our relay"),
        pytest.param(replace(PROVED, path=replace(DIRECT, remote="relay")), [RELAY], id="their relay"),
        pytest.param(replace(PROVED, path=replace(DIRECT, protocol="tcp")), [TCP], id="TCP"),
        pytest.param(replace(PROVED, path=replace(DIRECT, protocol="tls", local="relay")), [RELAY, TCP], id="TLS"),
        pytest.param(replace(PROVED, latency_ms=400.1), [LATE], id="late"),
        pytest.param(replace(PROVED, frames_per_s=7.9), [FEW], id="few frames"),
        pytest.param(
            replace(PROVED, fault=MediaFault.BLACK, latency_ms=9999.0), [], id="what is broken is not degraded too"
        ),
    ],
)
def test_shortfalls_of_a_call(proof: MediaProof, found: list[Shortfall]) -> None:
    degraded = degradations(proof, QualityThresholds())
    assert [each.shortfall for each in degraded] == found
    assert all(each.said.startswith("student sees and hears teacher ") for each in degraded)


def test_thresholds_are_the_districts_own() -> None:
    strict = QualityThresholds(latency_ms=100, frames_per_s=12)
    late, few = degradations(PROVED, strict)
    assert late.said == "student sees and hears teacher 400 ms late; at most 100 ms are accepted"
    assert few.said == "student sees and hears teacher at 8.0 frames a second; at least 12 are accepted"
