"""`[rehearsal]`: the criteria for the go of a rehearsal."""

from __future__ import annotations

from pydantic import Field

from firstbell.journeys.media.degraded import QualityThresholds
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.sections import Section

_LIMITS = QualityThresholds()


class RehearsalSection(Section):
    """Criteria for the go of a rehearsal."""

    success: float = Field(
        1.0, ge=0, le=1, description="Share of the students who must join, see and hear; 0.95 lets one in 20 fail."
    )
    steps: dict[str, Seconds] = Field(
        {"signs in": 5.0, "finds the live session": 5.0, "joins": 10.0, "sees and hears the teacher": 5.0},
        description="The longest time for each step, for 95 of 100 students.",
        examples=[{"signs in": "5s", "joins": "10s"}],
    )
    latency_ms: float = Field(
        _LIMITS.latency_ms, gt=0, description="Milliseconds of delay, camera to screen, for 95 of 100 students."
    )
    frames_per_s: float = Field(
        _LIMITS.frames_per_s, gt=0, description="Frames a second that 95 of 100 students must be shown."
    )
