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

from artifacts.redaction.forms import KnownSecrets
from journeys.media.camera import ALL_THERE, QUIET, signature_for
from journeys.stage.failures import ending_of
from journeys.stage.shown import Elsewhere
from journeys.stage.stage import Stage
from runner.execution.browser import find_browser, is_headed, launch_options, throttle, version_of
from runner.execution.holding import open_context, told_of
from runner.execution.machine import LagMeter
from runner.rehearsal.keepsakes import Cupboard, Remembering
from runner.rehearsal.measuring import measure
from runner.rehearsal.messages import (
    COME,
    HOME,
    TO_PLAYERS,
    Arrived,
    Begin,
    Cue,
    Dismiss,
    Engage,
    Engaged,
    Holds,
    Kept,
    Left,
    Played,
    Seen,
    Stayed,
    ToPlayers,
    Waits,
)
from runner.rehearsal.plan import TEACHER, Seat
from runner.rehearsal.script import Scene, attend, teach

if TYPE_CHECKING:
    from journeys.media.proof import MediaProof
    from journeys.stage.actor import Actor
    from journeys.stage.step import Step, StepRecord
    from runner.execution.district import District
    from runner.execution.messages import Message
    from runner.execution.pipe import WorkerEnd

# How often it is looked whether somebody's time has come; arrivals are late by up to this. Each look asks the browser
# to wait, a millisecond of processor: everybody who waits for a cue at 40 ms would take 3 % of a core.
TICK_MS = 100
CUE_MS = 250
RINGS = "firstbellRings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What one process plays with: its browser and what that is called, the devices that people can hold, and where
    their keepsakes go."""

    browser: Browser
    name: str
    version: str
    devices: Mapping[str, Any]
    cupboard: Cupboard


class Teller:
    """The audience of one person: tells the parent each thing as it happens, and remembers those who fail."""

    def __init__(self, seat: Seat, round_: int, send: Callable[[Message], None], means: Means) -> None:
        self._seat = seat
        self._round = round_
        self._send = send
        self._means = means
        self._remembering: Remembering | None = None

    def actor_entered(self, actor: Actor) -> None:
        """Tell what they play with, and record them from the start: nobody knows yet who will fail."""
        told = told_of(actor.name, actor.account, self._means.name, self._means.version)
        self._send(Holds(actor=self._seat.actor, played_with=told))
        self._remembering = Remembering(actor, self._round, self._means.cupboard)

    def step_began(self, actor: Actor, step: Step) -> None:
        """Nothing to do."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Tell how a step ended, without secrets: a page may repeat what was typed into it."""
        del actor
        ending, step = record.ending, record.step
        self._send(
            Played(
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
            Seen(
                actor=self._seat.actor,
                at_s=time.time(),
                fault=proof.fault.value if proof.fault else "",
                latency_ms=proof.latency_ms,
                frames_per_s=proof.frames_per_s,
            )
        )

    def curtain(self) -> None:
        """Tell what remains of them. A disk that is full costs that, and not the rehearsal."""
        try:
            names = self._remembering.finish() if self._remembering else ()
        except OSError as error:
            print(f"nothing remains of {self._seat.actor}: {error}", file=sys.stderr)  # noqa: T201
            return
        if names:
            self._send(Kept(actor=self._seat.actor, names=names))


class Troupe:
    """The people whom one process plays."""

    def __init__(self, end: WorkerEnd, district: District, engaged: Engage, means: Means) -> None:
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
        bell.expose_function(RINGS, self._enter)
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
                case Begin(token=token):
                    self._token, self._cues = token, set()
                    self._round += 1
                    self._due = {seat.number: 0.0 for seat in self._seats.values() if seat.role == TEACHER}
                case Cue(cue=cue):
                    self._cues.add(cue)
                    if cue == COME:
                        now, students = time.monotonic(), [s for s in self._seats.values() if s.role != TEACHER]
                        self._due |= {seat.number: now + seat.comes_s for seat in students}
                case Dismiss() | None:
                    return False
        return True

    def _ring(self, bell: Page) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            bell.evaluate(f"number => {{ window.{RINGS}(number) }}", number)

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
            Left(actor=seat.actor, at_s=time.time(), ending=ending, said=said, lost_share=self._lag.lost_share)
        )

    def _perform(self, seat: Seat) -> None:
        district, teacher = self._district, Elsewhere(name=TEACHER, signature=signature_for(self._token, 0))
        scene = Scene(school=district.school, class_title=district.classroom.title, teacher=teacher)
        account = district.account(seat.account)
        means = self._means
        context = open_context(means.browser.new_context, account.device, means.devices, district.location)
        try:
            with Stage(
                run_token=self._token,
                audience=Teller(seat, self._round, self._end.send, self._means),
                limit_s=district.step_limit_s,
                guests=self._guests,
                seat=seat.number,
            ) as stage:
                manner = ALL_THERE if seat.role == TEACHER else QUIET
                person = stage.enter(seat.actor, account, context, manner)
                throttle(person.page, district.location.network)

                def wait_for(cue: str) -> None:
                    self._end.send(Waits(actor=seat.actor, cue=cue))
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
            self._end.send(Stayed(actor=student.name, frames_per_s=round(frames, 2)))

    def _count(self, student: Actor) -> None:
        """Tell how many of the teacher's frames have arrived. Whose page does not answer tells nothing, and has been
        told already if the call is over."""
        with contextlib.suppress(PlaywrightError):
            if frames := student.counted().frames_received:
                self._end.send(Arrived(actor=student.name, at_s=time.time(), frames=frames))


def _close(context: BrowserContext) -> None:
    try:
        context.close()
    except PlaywrightError as error:
        print(f"a context did not close: {error}")  # noqa: T201


def stay(end: WorkerEnd, district: District, engaged: Engage, known: KnownSecrets) -> None:
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
            end.send(Engaged(browser=f"{name} {version}"))
            cupboard = Cupboard(folder=engaged.keep, mask=engaged.mask, known=known)
            means = Means(browser=browser, name=name, version=version, devices=playwright.devices, cupboard=cupboard)
            Troupe(end, district, engaged, means).play()
        else:
            end.send(measure(browser))
        browser.close()
