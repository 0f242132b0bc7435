"""The child process of a rehearsal: one browser, several people in it, all at once.

Playwright's sync API does one thing at a time; but a function that a page calls (`expose_function`) runs in a fiber of
its own, and while that waits the others go on. So each person is started by a call from a page that exists for this.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.journeys.media.camera import FULL_RATE, LOW_RATE, signature_for
from firstbell.journeys.stage.camera_owner import RemoteActor
from firstbell.journeys.stage.failures import ending_of
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.execution.browsers.discovery import find_browser, is_headed, launch_options, throttle, version_of
from firstbell.runner.execution.browsers.per_actor import browser_in_use, open_context
from firstbell.runner.execution.runs.machine_load import LagMeter
from firstbell.runner.rehearsal.arrivals import TEACHER, Arrival
from firstbell.runner.rehearsal.cost import measure
from firstbell.runner.rehearsal.processes.protocol import (
    LEAVE_CLASS,
    STUDENTS_JOIN,
    TO_PLAYERS,
    ActorLeft,
    ActorPlaysWith,
    ActorStayed,
    ActorWaits,
    BeginRound,
    Cue,
    EndPlayers,
    EvidenceKept,
    FramesReceived,
    MediaChecked,
    PlayersReady,
    PreparePlayers,
    StepPlayed,
    ToPlayers,
)
from firstbell.runner.rehearsal.results.failure_evidence import FailureEvidenceSettings, FailureRecorder
from firstbell.runner.rehearsal.scenario import ClassScenario, attend, teach

if TYPE_CHECKING:
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.step import Step, StepRecord
    from firstbell.runner.execution.district import District
    from firstbell.runner.execution.supervision.pipe import WorkerEnd
    from firstbell.runner.execution.supervision.protocol import PipeMessage

# The interval at which due arrivals are started; they are late by up to this. Each interval takes a millisecond of
# processor in the browser: with 40 ms, a person who waits for a cue would take 3 % of a core.
TICK_MS = 100
CUE_MS = 250
START_BINDING = "firstbellStart"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerResources:
    """The resources of one process: its browser with name and version, the devices to emulate, and where evidence is
    kept."""

    browser: Browser
    name: str
    version: str
    devices: Mapping[str, Any]
    evidence: FailureEvidenceSettings


class ProgressObserver:
    """Observes one person: reports progress to the parent, and records evidence of a failure."""

    def __init__(
        self, arrival: Arrival, round_: int, send: Callable[[PipeMessage], None], resources: PlayerResources
    ) -> None:
        self._arrival = arrival
        self._round = round_
        self._send = send
        self._resources = resources
        self._recorder: FailureRecorder | None = None

    def actor_entered(self, actor: Actor) -> None:
        """Reports browser and device, and starts recording, since any person may fail."""
        text = str(browser_in_use(actor.name, actor.account, self._resources.name, self._resources.version))
        self._send(ActorPlaysWith(actor=self._arrival.actor, played_with=text))
        self._recorder = FailureRecorder(actor, self._round, self._resources.evidence)

    def step_began(self, actor: Actor, step: Step) -> None:
        """Does nothing."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Reports the end of a step, without secrets: a page may repeat typed text."""
        del actor
        ending, step = record.ending, record.step
        self._send(
            StepPlayed(
                actor=self._arrival.actor,
                title=step.title,
                service=step.service,
                at_s=time.time() - record.took_s,
                took_s=record.took_s,
                ending=ending.kind.value if ending else "",
                said=self._resources.evidence.known.scrub(ending.said) if ending else "",
                sign=ending.sign if ending else "",
                is_private=bool(ending and ending.is_private),
            )
        )
        if self._recorder:
            self._recorder.step_ended(record)

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Reports a media sample of the teacher."""
        del actor
        self._send(
            MediaChecked(
                actor=self._arrival.actor,
                at_s=time.time(),
                fault=proof.fault.value if proof.fault else "",
                latency_ms=proof.latency_ms,
                frames_per_s=proof.frames_per_s,
            )
        )

    def finished(self) -> None:
        """Reports the evidence that was kept. A full disk loses the evidence, and not the rehearsal."""
        try:
            names = self._recorder.finish() if self._recorder else ()
        except OSError as error:
            print(f"the evidence of {self._arrival.actor} was not kept: {error}", file=sys.stderr)  # noqa: T201
            return
        if names:
            self._send(EvidenceKept(actor=self._arrival.actor, names=names))


class PlayerGroup:
    """The people that one process plays."""

    def __init__(self, end: WorkerEnd, district: District, prepare: PreparePlayers, resources: PlayerResources) -> None:
        self._end = end
        self._resources = resources
        self._district = district
        self._arrivals = {arrival.number: arrival for arrival in prepare.arrivals}
        self._guests = prepare.guests
        self._stay_s = prepare.stay_s
        self._messages: queue.SimpleQueue[ToPlayers | None] = queue.SimpleQueue()
        self._cues: set[str] = set()
        self._due: dict[int, float] = {}
        self._token = ""
        self._round = 0
        self._lag = LagMeter()
        threading.Thread(target=self._listen, name="parent-pipe", daemon=True).start()

    def play(self) -> None:
        """Follows the parent's messages until it asks to end."""
        # The page that starts people belongs to none of them.
        trigger = self._resources.browser.new_context().new_page()
        trigger.expose_function(START_BINDING, self._play_person)
        with self._lag:
            while self._process_messages():
                self._start_due(trigger)
                trigger.wait_for_timeout(TICK_MS)

    def _listen(self) -> None:
        while line := self._end.read_line():
            self._messages.put(TO_PLAYERS.validate_json(line))
        self._messages.put(None)

    def _process_messages(self) -> bool:
        while not self._messages.empty():
            match self._messages.get():
                case BeginRound(token=token):
                    self._token, self._cues = token, set()
                    self._round += 1
                    self._due = {arrival.number: 0.0 for arrival in self._arrivals.values() if arrival.role == TEACHER}
                case Cue(cue=cue):
                    self._cues.add(cue)
                    if cue == STUDENTS_JOIN:
                        now, students = time.monotonic(), [s for s in self._arrivals.values() if s.role != TEACHER]
                        self._due |= {arrival.number: now + arrival.comes_s for arrival in students}
                case EndPlayers() | None:
                    return False
        return True

    def _start_due(self, trigger: Page) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            trigger.evaluate(f"number => {{ window.{START_BINDING}(number) }}", number)

    def _play_person(self, number: int) -> None:
        """Plays one person's round, in a fiber of its own. Any error is reported, and affects no other person."""
        arrival = self._arrivals[number]
        ending, said = "", ""
        try:
            self._play_scenario(arrival)
        except Exception as error:
            failure = ending_of(error)
            ending, said = failure.kind.value, self._resources.evidence.known.scrub(failure.said)
        self._end.send(
            ActorLeft(actor=arrival.actor, at_s=time.time(), ending=ending, said=said, lost_share=self._lag.lost_share)
        )

    def _play_scenario(self, arrival: Arrival) -> None:
        district, teacher = self._district, RemoteActor(name=TEACHER, signature=signature_for(self._token, 0))
        scenario = ClassScenario(school=district.school, class_title=district.classroom.title, teacher=teacher)
        account = district.account(arrival.account)
        resources = self._resources
        context = open_context(resources.browser.new_context, account.device, resources.devices, district.location)
        try:
            with Stage(
                run_token=self._token,
                observer=ProgressObserver(arrival, self._round, self._end.send, self._resources),
                limit_s=district.step_limit_s,
                guests=self._guests,
                seat=arrival.number,
            ) as stage:
                manner = FULL_RATE if arrival.role == TEACHER else LOW_RATE
                person = stage.enter(arrival.actor, account, context, manner)
                throttle(person.page, district.location.network)

                def wait_for(cue: str) -> None:
                    self._end.send(ActorWaits(actor=arrival.actor, cue=cue))
                    while cue not in self._cues:
                        person.page.wait_for_timeout(CUE_MS)
                    if cue == LEAVE_CLASS:
                        self._report_frames(person)

                if arrival.role == TEACHER:
                    teach(person, scenario, wait_for)
                else:
                    class_ = district.school.live_class.class_of(scenario.class_title)
                    try:
                        attend(person, scenario, class_, wait_for, lambda: self._stay(person))
                    except Exception:
                        self._report_frames(person)
                        raise
        finally:
            _close(context)

    def _stay(self, student: Actor) -> None:
        """Stays in class for the set time, and reports the frame rate."""
        before = len(student.figures())
        student.page.wait_for_timeout(self._stay_s * 1000)
        # In the first second not all had joined yet, so it does not count.
        if shown := student.figures()[before + 1 :]:
            frames = sum(figure.frames_per_s for figure in shown) / len(shown)
            self._end.send(ActorStayed(actor=student.name, frames_per_s=round(frames, 2)))

    def _report_frames(self, student: Actor) -> None:
        """Reports the number of the teacher's frames received; nothing if the page does not answer. After the end of a
        call the number was reported already."""
        with contextlib.suppress(PlaywrightError):
            if frames := student.counted().frames_received:
                self._end.send(FramesReceived(actor=student.name, at_s=time.time(), frames=frames))


def _close(context: BrowserContext) -> None:
    try:
        context.close()
    except PlaywrightError as error:
        print(f"a context did not close: {error}")  # noqa: T201


def run_players(end: WorkerEnd, district: District, prepare: PreparePlayers, known: KnownSecrets) -> None:
    """Opens a browser, reports it, and plays until the parent asks to end; without arrivals, measures the cost.

    Evidence of failures holds no `known` secret.
    """
    headed = is_headed({"headless": not prepare.hello.headed}, os.environ)
    browser_found = find_browser(district.browser, district.browser_name, headed=headed)
    options = launch_options(browser_found, (district.location, district.home))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(headless=not headed, **options)
        if prepare.arrivals:
            name, version = browser_found.kind.name, version_of(browser)
            end.send(PlayersReady(browser=f"{name} {version}"))
            evidence = FailureEvidenceSettings(folder=prepare.keep, mask=prepare.mask, known=known)
            resources = PlayerResources(
                browser=browser, name=name, version=version, devices=playwright.devices, evidence=evidence
            )
            PlayerGroup(end, district, prepare, resources).play()
        else:
            end.send(measure(browser))
        browser.close()
