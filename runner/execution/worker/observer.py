"""The observer of an attempt in the worker: records each actor, and sends each event to the parent."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from dataclasses import asdict, replace
from statistics import median
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.evidence import ArtifactKind
from firstbell.artifacts.policy import KINDS_WITH_PAGE_CONTENT, KINDS_WITH_PICTURES, LIST_LOST, UNGUARDED
from firstbell.artifacts.policy import RecordingOptions as Options
from firstbell.artifacts.request_failures import FailedRequest
from firstbell.hostile_text import learn_secrets
from firstbell.journeys.stage.ending import private
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.execution.browsers.discovery import version_of
from firstbell.runner.execution.browsers.per_actor import BrowserInUse, browser_in_use, browsers_text
from firstbell.runner.execution.supervision.protocol import (
    BrowserFactsCollected,
    EvidenceRecorded,
    MediaJudged,
    PlayAttempt,
    StepBegan,
    StepEnded,
)
from firstbell.runner.execution.worker.page_secrets import secrets_of

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ending import Ending
    from firstbell.journeys.stage.step import Step, StepRecord
    from firstbell.runner.execution.supervision.pipe import WorkerEnd


class AttemptRecorder:
    """Records one attempt. A recorder that fails leaves a missing artifact behind and never stops the attempt."""

    def __init__(self, order: PlayAttempt, end: WorkerEnd) -> None:
        self._order = order
        self._end = end
        self._recorders: dict[str, ActorRecorder] = {}
        self._actors: dict[str, Actor] = {}
        self._trace_groups = ExitStack()
        self._closed: set[str] = set()
        self._is_private = False
        self._browsers: list[BrowserInUse] = []
        self.failure: Ending | None = None

    @property
    def browser(self) -> str:
        """The browsers that actors used, and the devices they emulated; short enough for its column in history."""
        return browsers_text(self._browsers)

    def actor_entered(self, actor: Actor) -> None:
        """Starts this actor's recorders before anything happens on the page."""
        actor.roster.returns = self._order.attempt - 1
        browser = actor.page.context.browser
        if browser is not None:
            engine, version = browser.browser_type.name, version_of(browser)
            self._browsers.append(browser_in_use(actor.name, actor.account, engine, version))
        options = self._order.recording
        try:
            recorder = self._started(actor, options)
        except PlaywrightError:
            if not options.trace:
                raise
            # A test without actors may have begun a trace of its own; everything else is recorded all the same.
            recorder = self._started(actor, replace(options, trace=False, screencast=False))
        self._recorders[actor.name] = recorder
        self._actors[actor.name] = actor

    def _started(self, actor: Actor, options: Options) -> ActorRecorder:
        recorder = ActorRecorder(
            actor.tabs, actor=actor.name, folder=self._order.folder, attempt=self._order.attempt, options=options
        )
        recorder.start()
        return recorder

    def step_began(self, actor: Actor, step: Step) -> None:
        """Reports the step, and groups what follows under its name in the trace."""
        self._end.send(StepBegan(step=step))
        self._trace_groups.enter_context(self._recorders[actor.name].step(step.title))

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Reports the step at once, then takes its picture; of all actors, if this step failed."""
        self._trace_groups.close()
        if record.ending is not None:
            self.report_secrets(with_pages=True)
        self.call_ended(record)
        self.capture(actor, record)

    def call_began(self, step: Step) -> None:
        """Reports a step in the middle of a Playwright call, when no page can be queried."""
        self._end.send(StepBegan(step=step))

    def call_ended(self, record: StepRecord) -> None:
        """Reports the end of a step."""
        self._end.send(StepEnded(record=record))

    def report_secrets(self, *, with_pages: bool) -> None:
        """Reports the secrets of all actors before the texts that may quote them; `with_pages` asks each page too."""
        for name, actor in self._actors.items():
            if name not in self._closed:
                learn_secrets(secrets_of(actor.page.context, with_pages=with_pages))

    def capture(self, actor: Actor | None, record: StepRecord, *, with_others: bool = False) -> None:
        """Captures the pages after a step; of all actors, and all open pages of this one, if it failed. `with_others`:
        all open pages in any case. None exist if no page was opened."""
        failed = record.ending is not None
        is_private = record.ending is not None and record.ending.is_private
        if failed and self.failure is None and actor is not None and not is_private:
            self._end.send(BrowserFactsCollected(seen=self._seen(actor)))
        self.failure = self.failure or record.ending
        if record.ending is not None and record.ending.is_private:
            self._discard(record.ending.said)
        for name, recorder in self._recorders.items():
            is_own = actor is not None and name == actor.name
            if not (failed or (is_own and record.step.picture)) or name in self._closed:
                continue
            if withheld := self._withheld(self._actors[name]):
                recorder.withhold(KINDS_WITH_PICTURES - {ArtifactKind.SCREENSHOT}, withheld)
            recorder.picture(
                record.step.position,
                record.step.title,
                failed=failed,
                with_others=is_own and (failed or with_others),
                withheld=withheld,
            )

    def page_closing(self, actor: Actor, position: int, title: str, *, failed: bool) -> None:
        """Saves the recordings of a page that closes before the attempt ends, with a last picture."""
        if actor.name not in self._closed:
            self.report_secrets(with_pages=failed)
            self._closed.add(actor.name)
            withheld = self._withheld(actor)
            self._recorders[actor.name].picture(position, title, failed=failed, with_others=True, withheld=withheld)
            self._recorders[actor.name].stop()

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Reports a media proof and keeps its samples: the page has just answered, and may not again."""
        self._end.send(MediaJudged(proof=proof))
        if withheld := self._withheld(actor):
            # Earlier pictures of the room too: that it is one was not known before.
            self._recorders[actor.name].withhold(KINDS_WITH_PICTURES, withheld)
        with contextlib.suppress(PlaywrightError):
            self._recorders[actor.name].frames(proof.observed, [still.jpeg for still in actor.stills()])
            self._take_figures(actor)

    def finished(self) -> None:
        """Saves all recordings while the pages are still open, and checks who was in the class."""
        if self.failure is None:
            for actor in self._actors.values():
                with contextlib.suppress(PlaywrightError):
                    self._take_figures(actor)
        self.report_secrets(with_pages=self.failure is not None)
        for name, recorder in self._recorders.items():
            if name not in self._closed:
                recorder.stop()
        if any(actor.is_private for actor in self._actors.values()):
            self._discard(private(1).said)
        artifacts = tuple(artifact for recorder in self._recorders.values() for artifact in recorder.artifacts())
        offsets_s = [recorder.clock_offset_s for recorder in self._recorders.values()]
        known_s = [offset_s for offset_s in offsets_s if offset_s is not None]
        clock_offset_s = median(known_s) if known_s else None
        recorded = EvidenceRecorded(
            artifacts=artifacts,
            is_private=self._is_private,
            clock_offset_s=clock_offset_s,
            harmless=self._harmless(),
        )
        self._end.send(recorded)

    def _harmless(self) -> tuple[FailedRequest, ...]:
        """Returns the requests that failed or waited, if the attempt passed all the same."""
        if self.failure is not None or self._is_private:
            return ()
        traffic = [recorder.traffic for recorder in self._recorders.values()]
        return tuple(request for one in traffic for request in (*one.failed_requests(), *one.slow_answers()))

    def _seen(self, failing: Actor) -> BrowserFacts:
        """Returns the browser facts, with the page of the failing actor first."""
        actors = [failing, *(actor for actor in self._actors.values() if actor is not failing)]
        pages = {actor.name: signs for actor in actors if (signs := actor.signs())}
        traffic = [self._recorders[actor.name].traffic for actor in actors]
        answering = [actor for actor in actors if actor.name in pages]
        return BrowserFacts(
            failed_requests=traffic[0].failed_requests(with_words=True),
            slow_answers=traffic[0].slow_answers(),
            hosts=tuple(host for recorder in traffic for host in recorder.hosts()),
            pages=tuple(page for signs in pages.values() for page in signs),
            dialogs=tuple(dialog.words for dialog in failing.tabs.dialogs.since(0.0)),
            receives=tuple(actor.name for actor in answering if actor.is_receiving),
        )

    def _take_figures(self, actor: Actor) -> None:
        """Keeps an actor's figures; those kept before, if its page in use has none because the call's tab is closed."""
        if figures := [asdict(figure) for figure in actor.figures()]:
            self._recorders[actor.name].figures(figures)

    def _withheld(self, actor: Actor) -> str:
        """Returns the reason to take no picture of an actor's page now; empty if there is none."""
        if self._order.recording.unguarded_pictures or not actor.is_unwatched:
            return ""
        return LIST_LOST if actor.has_lost_list else UNGUARDED

    def _discard(self, reason: str) -> None:
        self._is_private = True
        for recorder in self._recorders.values():
            recorder.withhold(KINDS_WITH_PAGE_CONTENT, reason)
            recorder.hide_paths()
