"""`[diagnosis]`: checks of hosts, and the limits of a degraded call."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from firstbell.journeys.media.degraded import QualityThresholds
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.sections import Section
from firstbell.runner.diagnosis.targets import name_server_of, target_of

_LIMITS = QualityThresholds()


def _control(value: str) -> str:
    target_of(value)
    return value


def _resolver(value: str) -> str:
    if value:
        name_server_of(value)
    return value


NameServer = Annotated[str, AfterValidator(_resolver)]
Control = Annotated[
    str,
    AfterValidator(_control),
    Field(max_length=500, examples=["https://www.example.com", "stun:stun.example.net"]),
]


class DiagnosisSection(Section):
    """Checks of hosts, at intervals and when something fails."""

    controls: tuple[Control, ...] = Field(
        (),
        description="Addresses outside the district; if they fail too, the location is the problem.",
    )
    resolver: NameServer = Field(
        "", description="A second name server, queried in addition to the system's.", examples=["1.1.1.1"]
    )
    checks_every: Seconds = Field(60.0, description="How often hosts are checked while nothing fails.")
    within: Seconds = Field(10.0, description="The longest time for one check of all hosts.")
    latency_ms: float = Field(
        _LIMITS.latency_ms, gt=0, description="Milliseconds of delay, camera to screen, above which a call is degraded."
    )
    frames_per_s: float = Field(
        _LIMITS.frames_per_s, gt=0, description="Frames a second below which a call is degraded."
    )
    alarm_degraded: bool = Field(
        default=False, strict=True, description="Treat a degraded run like a failure in alarms."
    )
