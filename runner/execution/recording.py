"""Whoever watches an attempt in the worker: records each actor, and tells the parent each thing as it happens."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from artifacts.capture import ActorRecorder
from runner.execution.messages import MediaJudged, Play, Recorded, StepBegan, StepEnded

if TYPE_CHECKING:
    from journeys.media.proof import MediaProof
    from journeys.stage.actor import Actor
    from journeys.stage.ending import Ending
    from journeys.stage.step import Step, StepRecord
    from runner.execution.pipe import WorkerEnd


class Recording:
    """The audience of one attempt. A recorder that fails leaves a missing artifact behind and never stops the play."""

    def __init__(self, order: Play, end: WorkerEnd) -> None:
        self._order = order
        self._end = end
        self._recorders: dict[str, ActorRecorder] = {}
        self._groups = ExitStack()
        self.browser = ""
        self.broke: Ending | None = None

    def actor_entered(self, actor: Actor) -> None:
        """Start this actor's recorders before anything happens on the page."""
        browser = actor.page.context.browser
        if browser is not None:
            self.browser = f"{browser.browser_type.name} {browser.version}"
        recorder = ActorRecorder(
            actor.page,
            actor=actor.name,
            folder=self._order.folder,
            attempt=self._order.attempt,
            options=self._order.recording,
        )
        recorder.start()
        self._recorders[actor.name] = recorder

    def step_began(self, actor: Actor, step: Step) -> None:
        """Tell the parent, and group what follows under the step's name in the trace."""
        self._end.send(StepBegan(step=step))
        self._groups.enter_context(self._recorders[actor.name].step(step.title))

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Tell the parent at once, then take the picture; of everybody, if this step broke."""
        self._groups.close()
        self._end.send(StepEnded(record=record))
        failed = record.ending is not None
        self.broke = self.broke or record.ending
        own = [self._recorders[actor.name]] if record.step.picture else []
        for recorder in self._recorders.values() if failed else own:
            recorder.picture(record.step.position, record.step.title, failed=failed)

    def media_judged(self, _actor: Actor, proof: MediaProof) -> None:
        """Tell the parent."""
        self._end.send(MediaJudged(proof=proof))

    def curtain(self) -> None:
        """The play is over: save what was recorded while the pages are still open."""
        kept = tuple(kept for recorder in self._recorders.values() for kept in recorder.stop())
        self._end.send(Recorded(artifacts=kept))
