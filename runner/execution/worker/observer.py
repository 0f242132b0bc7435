"""Whoever watches an attempt in the worker: records each actor, and tells the parent each thing as it happens."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from dataclasses import asdict, replace
from statistics import median
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.policy import RecordingOptions as Options
from firstbell.journeys.stage.ending import private
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.execution.browsers.discovery import version_of
from firstbell.runner.execution.browsers.per_actor import browser_text
from firstbell.runner.execution.supervision.protocol import (
    BrowserFactsCollected,
    EvidenceRecorded,
    MediaJudged,
    PlayAttempt,
    StepBegan,
    StepEnded,
)

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ending import Ending
    from firstbell.journeys.stage.step import Step, StepRecord
    from firstbell.runner.execution.supervision.pipe import WorkerEnd


class AttemptRecorder:
    """The audience of one attempt. A recorder that fails leaves a missing artifact behind and never stops the play."""

    def __init__(self, order: PlayAttempt, end: WorkerEnd) -> None:
        self._order = order
        self._end = end
        self._recorders: dict[str, ActorRecorder] = {}
        self._actors: dict[str, Actor] = {}
        self._groups = ExitStack()
        self._left: set[str] = set()
        self._is_private = False
        self._browsers: dict[str, None] = {}
        self.broke: Ending | None = None

    @property
    def browser(self) -> str:
        """The browsers that people played in, and what they were made to look like."""
        return ", ".join(self._browsers)

    def actor_entered(self, actor: Actor) -> None:
        """Start this actor's recorders before anything happens on the page."""
        browser = actor.page.context.browser
        if browser is not None:
            told = browser_text(actor.name, actor.account, browser.browser_type.name, version_of(browser))
            self._browsers[told] = None
        options = self._order.recording
        try:
            recorder = self._started(actor, options)
        except PlaywrightError:
            if not options.trace:
                raise
            # A test that brings nobody on may have begun a trace of its own; the rest is recorded all the same.
            recorder = self._started(actor, replace(options, trace=False, screencast=False))
        self._recorders[actor.name] = recorder
        self._actors[actor.name] = actor

    def _started(self, actor: Actor, options: Options) -> ActorRecorder:
        recorder = ActorRecorder(
            actor.page, actor=actor.name, folder=self._order.folder, attempt=self._order.attempt, options=options
        )
        recorder.start()
        return recorder

    def step_began(self, actor: Actor, step: Step) -> None:
        """Tell the parent, and group what follows under the step's name in the trace."""
        self._end.send(StepBegan(step=step))
        self._groups.enter_context(self._recorders[actor.name].step(step.title))

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Tell the parent at once, then take the picture; of everybody, if this step broke."""
        self._groups.close()
        self.call_ended(record)
        self.look(actor, record)

    def call_began(self, step: Step) -> None:
        """Tell the parent of a step in the middle of a call, when nothing can be asked of a page."""
        self._end.send(StepBegan(step=step))

    def call_ended(self, record: StepRecord) -> None:
        """Tell the parent that a step is over."""
        self._end.send(StepEnded(record=record))

    def look(self, actor: Actor | None, record: StepRecord) -> None:
        """What a step that is over has left on the pages; of everybody, if it broke. Nobody has one where no page was
        opened."""
        failed = record.ending is not None
        if failed and self.broke is None and actor is not None:
            self._end.send(BrowserFactsCollected(seen=self._seen(actor)))
        self.broke = self.broke or record.ending
        if record.ending is not None and record.ending.is_private:
            self._discard(record.ending.said)
        own = [actor.name] if actor is not None and record.step.picture else []
        for name, recorder in self._recorders.items():
            if (failed or name in own) and name not in self._left:
                recorder.picture(record.step.position, record.step.title, failed=failed)

    def left(self, actor: Actor, position: int, title: str, *, failed: bool) -> None:
        """Somebody's page is about to close before the play is over: save what was recorded of it, and a last look."""
        if actor.name not in self._left:
            self._left.add(actor.name)
            self._recorders[actor.name].picture(position, title, failed=failed)
            self._recorders[actor.name].stop()

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Tell the parent, and keep what the look was taken at: its page has just answered, and may not again."""
        self._end.send(MediaJudged(proof=proof))
        with contextlib.suppress(PlaywrightError):
            self._recorders[actor.name].frames(proof.observed, [still.jpeg for still in actor.stills()])
            self._take_figures(actor)

    def finished(self) -> None:
        """The play is over: save what was recorded while the pages are still open, and look who came."""
        if self.broke is None:
            for actor in self._actors.values():
                with contextlib.suppress(PlaywrightError):
                    self._take_figures(actor)
        for name, recorder in self._recorders.items():
            if name not in self._left:
                recorder.stop()
        if any(actor.is_private for actor in self._actors.values()):
            self._discard(private(1).said)
        kept = tuple(kept for recorder in self._recorders.values() for kept in recorder.artifacts())
        offsets_s = [recorder.clock_offset_s for recorder in self._recorders.values()]
        known_s = [offset_s for offset_s in offsets_s if offset_s is not None]
        clock_offset_s = median(known_s) if known_s else None
        self._end.send(EvidenceRecorded(artifacts=kept, is_private=self._is_private, clock_offset_s=clock_offset_s))

    def _seen(self, failing: Actor) -> BrowserFacts:
        """What the browsers have seen, the page of whoever's step failed first."""
        cast = [failing, *(actor for actor in self._actors.values() if actor is not failing)]
        pages = {actor.name: page for actor in cast if (page := actor.signs())}
        traffic = [self._recorders[actor.name].traffic for actor in cast]
        awake = [actor for actor in cast if actor.name in pages]
        return BrowserFacts(
            failed_requests=traffic[0].failed_requests(),
            hosts=tuple(host for one in traffic for host in one.hosts()),
            pages=tuple(pages.values()),
            receives=tuple(actor.name for actor in awake if _is_receiving(actor)),
        )

    def _take_figures(self, actor: Actor) -> None:
        self._recorders[actor.name].figures([asdict(figure) for figure in actor.figures()])

    def _discard(self, reason: str) -> None:
        self._is_private = True
        for recorder in self._recorders.values():
            recorder.discard(reason)


def _is_receiving(actor: Actor) -> bool:
    """Whether a picture comes in on an actor's page at the moment."""
    try:
        figures = actor.figures()
    except PlaywrightError:
        return False
    return bool(figures) and figures[-1].video_kbps > 0
