"""A named, timed part of one actor's path that relies on one service: the unit that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from journeys.stage.ending import Ending

if TYPE_CHECKING:
    from journeys.media.proof import MediaProof
    from journeys.stage.actor import Actor


STEP_LIMIT_S = 10.0
"""How long one wait inside a step may take by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as it begins. `position` counts from 1 over all actors; `started_s` is seconds since the attempt began;
    `picture` is whether its end is worth one when it passes."""

    position: int
    actor: str
    title: str
    service: str
    started_s: float
    picture: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step as it ended: well where `ending` is None. Times are monotonic seconds since the attempt began."""

    step: Step
    ended_s: float
    ending: Ending | None = None

    @property
    def took_s(self) -> float:
        """How long the step lasted, in seconds."""
        return self.ended_s - self.step.started_s


class Audience(Protocol):
    """Whoever follows a performance: a recorder, a terminal, nobody. It may never disturb the play by raising."""

    def actor_entered(self, actor: Actor) -> None:
        """An actor has a page now, and nothing has happened on it yet."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """A step is about to be played."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """A step is over; the page still shows how it ended."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Somebody looked at somebody else, and this is what was proved or not."""

    def curtain(self) -> None:
        """The attempt is over; the pages are still open, for the last time."""


class Nobody:
    """An empty house: a journey played by plain pytest, with only pytest-playwright's own recorders."""

    def actor_entered(self, actor: Actor) -> None:
        """Nothing to do."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """Nothing to do."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Nothing to do."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Nothing to do."""

    def curtain(self) -> None:
        """Nothing to do."""
