"""A named, timed part of one actor's path that relies on one service: the unit that fails."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.journeys.stage.ending import Ending

STEP_LIMIT_S = 10.0
"""The default of the longest wait inside a step, in seconds."""
TITLE_LIMIT = 200
"""The longest title, in characters; a title may hold text of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as it begins. `position` counts from 1 over all actors; `started_s` is seconds since the attempt began;
    `picture` says whether its end is photographed when it passes."""

    position: int
    actor: str
    title: str
    service: str
    started_s: float
    picture: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A finished step: passed where `ending` is None. Times are monotonic seconds since the attempt began."""

    step: Step
    ended_s: float
    ending: Ending | None = None

    @property
    def took_s(self) -> float:
        """The duration of the step in seconds."""
        return self.ended_s - self.step.started_s
