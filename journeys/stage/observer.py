"""The observer of an attempt: hears of its actors, steps and media as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.step import Step, StepRecord


class Observer(Protocol):
    """Whoever follows a performance: a recorder, a terminal, nobody. It may never disturb the play by raising."""

    def actor_entered(self, actor: Actor) -> None:
        """An actor has a page now, and nothing has happened on it yet."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """A step is about to be played."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """A step is over; the page still shows how it ended."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Somebody looked at somebody else, and this is what was proved or not."""

    def finished(self) -> None:
        """The attempt is over; the pages are still open, for the last time."""


class NoObserver:
    """An empty house: a journey played by plain pytest, with only pytest-playwright's own recorders."""

    def actor_entered(self, actor: Actor) -> None:
        """Nothing to do."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """Nothing to do."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Nothing to do."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Nothing to do."""

    def finished(self) -> None:
        """Nothing to do."""
