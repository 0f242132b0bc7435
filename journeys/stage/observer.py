"""The observer of an attempt, which receives events of its actors, steps and media proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.step import Step, StepRecord


class Observer(Protocol):
    """Receives the events of an attempt: a recorder, a terminal. It must never raise."""

    def actor_entered(self, actor: Actor) -> None:
        """An actor has a page now, and nothing has happened on it yet."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """A step is about to be played."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """A step is over; the page still shows how it ended."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """A media proof of `actor` has a result."""

    def finished(self) -> None:
        """The attempt is over; the pages are still open, for the last time."""


class NoObserver:
    """Ignores all events: for plain pytest, where only pytest-playwright records."""

    def actor_entered(self, actor: Actor) -> None:
        """Does nothing."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """Does nothing."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Does nothing."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Does nothing."""

    def finished(self) -> None:
        """Does nothing."""
