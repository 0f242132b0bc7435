"""The child process of a rehearsal: one browser, several people in it, all at once.

Playwright's sync API plays one thing at a time; but a function that a page calls (`expose_function`) runs in a fiber
of its own, and whenever that waits the others go on. So each person's part begins with a page that rings for them.
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
from firstbell.runner.execution.browsers.per_actor import browser_text, open_context
from firstbell.runner.execution.runs.machine_load import LagMeter
from firstbell.runner.rehearsal.arrivals import TEACHER, Arrival
from firstbell.runner.rehearsal.cost import measure
from firstbell.runner.rehearsal.processes.protocol import (
    COME,
    HOME,
    TO_PLAYERS,
    ActorArrived,
    ActorLeft,
    ActorPlaysWith,
    ActorStayed,
    ActorWaits,
    BeginRound,
    Cue,
    EndPlayers,
    EvidenceKept,
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

# How often it is looked whether somebody's time has come; arrivals are late by up to this. Each look asks the browser
# to wait, a millisecond of processor: everybody who waits for a cue at 40 ms would take 3 % of a core.
TICK_MS = 100
CUE_MS = 250
CUE_BINDING = "firstbellRings"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerResources:
    """What one process plays with: its browser and what that is called, the devices that people can hold, and where
    their keepsakes go."""

    browser: Browser
    name: str
    version: str
    devices: Mapping[str, Any]
    cupboard: FailureEvidenceSettings


class ProgressObserver:
    """The audience of one person: tells the parent each thing as it happens, and remembers those who fail."""

    def __init__(self, seat: Arrival, round_: int, send: Callable[[PipeMessage], None], means: PlayerResources) -> None:
        self._seat = seat
        self._round = round_
        self._send = send
        self._means = means
        self._remembering: FailureRecorder | None = None

    def actor_entered(self, actor: Actor) -> None:
        """Tell what they play with, and record them from the start: nobody knows yet who will fail."""
        told = browser_text(actor.name, actor.account, self._means.name, self._means.version)
        self._send(ActorPlaysWith(actor=self._seat.actor, played_with=told))
        self._remembering = FailureRecorder(actor, self._round, self._means.cupboard)

    def step_began(self, actor: Actor, step: Step) -> None:
        """Nothing to do."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Tell how a step ended, without secrets: a page may repeat what was typed into it."""
        del actor
        ending, step = record.ending, record.step
        self._send(
            StepPlayed(
                actor=self._seat.actor,
                title=step.title,
                service=step.service,
                at_s=time.time() - record.took_s,
                took_s=record.took_s,
                ending=ending.kind.value if ending else "",
                said=self._means.cupboard.known.scrub(ending.said) if ending else "",
                sign=ending.sign if ending else "",
                is_private=bool(ending and ending.is_private),
            )
        )
        if self._remembering:
            self._remembering.step_ended(record)

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Tell what was seen of the teacher."""
        del actor
        self._send(
            MediaChecked(
                actor=self._seat.actor,
                at_s=time.time(),
                fault=proof.fault.value if proof.fault else "",
                latency_ms=proof.latency_ms,
                frames_per_s=proof.frames_per_s,
            )
        )

    def finished(self) -> None:
        """Tell what remains of them. A disk that is full costs that, and not the rehearsal."""
        try:
            names = self._remembering.finish() if self._remembering else ()
        except OSError as error:
            print(f"nothing remains of {self._seat.actor}: {error}", file=sys.stderr)  # noqa: T201
            return
        if names:
            self._send(EvidenceKept(actor=self._seat.actor, names=names))


class PlayerGroup:
    """The people whom one process plays."""

    def __init__(self, end: WorkerEnd, district: District, engaged: PreparePlayers, means: PlayerResources) -> None:
        self._end = end
        self._means = means
        self._district = district
        self._seats = {seat.number: seat for seat in engaged.seats}
        self._guests = engaged.guests
        self._stay_s = engaged.stay_s
        self._heard: queue.SimpleQueue[ToPlayers | None] = queue.SimpleQueue()
        self._cues: set[str] = set()
        self._due: dict[int, float] = {}
        self._token = ""
        self._round = 0
        self._lag = LagMeter()
        threading.Thread(target=self._listen, name="parent-pipe", daemon=True).start()

    def play(self) -> None:
        """Do what the parent says until it says to end."""
        # The page that rings is nobody's: it stands still while the others are played.
        bell = self._means.browser.new_context().new_page()
        bell.expose_function(CUE_BINDING, self._enter)
        with self._lag:
            while self._take_orders():
                self._ring(bell)
                bell.wait_for_timeout(TICK_MS)

    def _listen(self) -> None:
        while line := self._end.read_line():
            self._heard.put(TO_PLAYERS.validate_json(line))
        self._heard.put(None)

    def _take_orders(self) -> bool:
        while not self._heard.empty():
            match self._heard.get():
                case BeginRound(token=token):
                    self._token, self._cues = token, set()
                    self._round += 1
                    self._due = {seat.number: 0.0 for seat in self._seats.values() if seat.role == TEACHER}
                case Cue(cue=cue):
                    self._cues.add(cue)
                    if cue == COME:
                        now, students = time.monotonic(), [s for s in self._seats.values() if s.role != TEACHER]
                        self._due |= {seat.number: now + seat.comes_s for seat in students}
                case EndPlayers() | None:
                    return False
        return True

    def _ring(self, bell: Page) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            bell.evaluate(f"number => {{ window.{CUE_BINDING}(number) }}", number)

    def _enter(self, number: int) -> None:
        """One person's part of a round, in a fiber of its own. Whatever happens in it is told and stays in it."""
        seat = self._seats[number]
        ending, said = "", ""
        try:
            self._perform(seat)
        except Exception as error:
            found = ending_of(error)
            ending, said = found.kind.value, self._means.cupboard.known.scrub(found.said)
        self._end.send(
            ActorLeft(actor=seat.actor, at_s=time.time(), ending=ending, said=said, lost_share=self._lag.lost_share)
        )

    def _perform(self, seat: Arrival) -> None:
        district, teacher = self._district, RemoteActor(name=TEACHER, signature=signature_for(self._token, 0))
        scene = ClassScenario(school=district.school, class_title=district.classroom.title, teacher=teacher)
        account = district.account(seat.account)
        means = self._means
        context = open_context(means.browser.new_context, account.device, means.devices, district.location)
        try:
            with Stage(
                run_token=self._token,
                observer=ProgressObserver(seat, self._round, self._end.send, self._means),
                limit_s=district.step_limit_s,
                guests=self._guests,
                seat=seat.number,
            ) as stage:
                manner = FULL_RATE if seat.role == TEACHER else LOW_RATE
                person = stage.enter(seat.actor, account, context, manner)
                throttle(person.page, district.location.network)

                def wait_for(cue: str) -> None:
                    self._end.send(ActorWaits(actor=seat.actor, cue=cue))
                    while cue not in self._cues:
                        person.page.wait_for_timeout(CUE_MS)
                    if cue == HOME:
                        self._count(person)

                if seat.role == TEACHER:
                    teach(person, scene, wait_for)
                else:
                    class_ = district.school.live_class.class_of(scene.class_title)
                    try:
                        attend(person, scene, class_, wait_for, lambda: self._stay(person))
                    except Exception:
                        self._count(person)
                        raise
        finally:
            _close(context)

    def _stay(self, student: Actor) -> None:
        """Be in class for as long as is asked, and tell what was shown meanwhile."""
        before = len(student.figures())
        student.page.wait_for_timeout(self._stay_s * 1000)
        # The second in which everybody came is not yet one in which everybody was there.
        if shown := student.figures()[before + 1 :]:
            frames = sum(figure.frames_per_s for figure in shown) / len(shown)
            self._end.send(ActorStayed(actor=student.name, frames_per_s=round(frames, 2)))

    def _count(self, student: Actor) -> None:
        """Tell how many of the teacher's frames have arrived. Whose page does not answer tells nothing, and has been
        told already if the call is over."""
        with contextlib.suppress(PlaywrightError):
            if frames := student.counted().frames_received:
                self._end.send(ActorArrived(actor=student.name, at_s=time.time(), frames=frames))


def _close(context: BrowserContext) -> None:
    try:
        context.close()
    except PlaywrightError as error:
        print(f"a context did not close: {error}")  # noqa: T201


def run_players(end: WorkerEnd, district: District, engaged: PreparePlayers, known: KnownSecrets) -> None:
    """Open a browser, say so, and play until the parent says to end; with nobody to play, measure.

    What remains of those who fail holds nothing that is `known`.
    """
    headed = is_headed({"headless": not engaged.hello.headed}, os.environ)
    found = find_browser(district.browser, district.browser_name, headed=headed)
    options = launch_options(found, (district.location, district.home))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(headless=not headed, **options)
        if engaged.seats:
            name, version = found.kind.name, version_of(browser)
            end.send(PlayersReady(browser=f"{name} {version}"))
            cupboard = FailureEvidenceSettings(folder=engaged.keep, mask=engaged.mask, known=known)
            means = PlayerResources(
                browser=browser, name=name, version=version, devices=playwright.devices, cupboard=cupboard
            )
            PlayerGroup(end, district, engaged, means).play()
        else:
            end.send(measure(browser))
        browser.close()
