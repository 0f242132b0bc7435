"""The child process of a rehearsal: one browser, several people in it, all at once.

Playwright's sync API plays one thing at a time; but a function that a page calls (`expose_function`) runs in a fiber
of its own, and whenever that waits the others go on. So each person's part begins with a page that rings for them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from journeys.media.camera import signature_for
from journeys.stage.failures import ending_of
from journeys.stage.shown import Elsewhere
from journeys.stage.stage import Stage
from runner.execution.browser import find_browser, launch_options, throttle
from runner.execution.holding import look_of
from runner.execution.machine import LagMeter
from runner.rehearsal.measuring import measure
from runner.rehearsal.messages import (
    COME,
    TO_PLAYERS,
    Begin,
    Cue,
    Dismiss,
    Engage,
    Engaged,
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

# How often it is looked whether somebody's time has come; arrivals are late by up to this.
TICK_MS = 40
RINGS = "firstbellRings"


class Teller:
    """The audience of one person: tells the parent each thing as it happens."""

    def __init__(self, seat: Seat, send: Callable[[Message], None]) -> None:
        self._seat = seat
        self._send = send

    def actor_entered(self, actor: Actor) -> None:
        """Nothing to do."""

    def step_began(self, actor: Actor, step: Step) -> None:
        """Nothing to do."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Tell how a step ended."""
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
                said=ending.said if ending else "",
                sign=ending.sign if ending else "",
                is_private=bool(ending and ending.is_private),
            )
        )

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
        """Nothing to do."""


class Troupe:
    """The people whom one process plays."""

    def __init__(
        self, end: WorkerEnd, district: District, engaged: Engage, browser: Browser, devices: Mapping[str, Any]
    ) -> None:
        self._end = end
        self._district = district
        self._seats = {seat.number: seat for seat in engaged.seats}
        self._guests = engaged.guests
        self._stay_s = engaged.stay_s
        self._browser = browser
        self._devices = devices
        self._heard: queue.SimpleQueue[ToPlayers | None] = queue.SimpleQueue()
        self._cues: set[str] = set()
        self._due: dict[int, float] = {}
        self._token = ""
        self._lag = LagMeter()
        threading.Thread(target=self._listen, name="parent-pipe", daemon=True).start()

    def play(self) -> None:
        """Do what the parent says until it says to end."""
        # The page that rings is nobody's: it stands still while the others are played.
        bell = self._browser.new_context().new_page()
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
            ending, said = found.kind.value, found.said
        self._end.send(
            Left(actor=seat.actor, at_s=time.time(), ending=ending, said=said, lost_share=self._lag.lost_share)
        )

    def _perform(self, seat: Seat) -> None:
        district, teacher = self._district, Elsewhere(name=TEACHER, signature=signature_for(self._token, 0))
        scene = Scene(school=district.school, class_title=district.classroom.title, teacher=teacher)
        account = district.account(seat.account)
        look = look_of(account.device, self._devices)
        context = self._browser.new_context(**look | district.location.context_options)
        try:
            with Stage(
                run_token=self._token,
                audience=Teller(seat, self._end.send),
                limit_s=district.step_limit_s,
                guests=self._guests,
                seat=seat.number,
            ) as stage:
                person = stage.enter(seat.actor, account, context)
                throttle(person.page, district.location.network)

                def wait_for(cue: str) -> None:
                    self._end.send(Waits(actor=seat.actor, cue=cue))
                    while cue not in self._cues:
                        person.page.wait_for_timeout(TICK_MS)

                if seat.role == TEACHER:
                    teach(person, scene, wait_for)
                else:
                    class_ = district.school.live_class.class_of(scene.class_title)
                    attend(person, scene, class_, wait_for, lambda: self._stay(person))
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


def _close(context: BrowserContext) -> None:
    try:
        context.close()
    except PlaywrightError as error:
        print(f"a context did not close: {error}")  # noqa: T201


def stay(end: WorkerEnd, district: District, engaged: Engage) -> None:
    """Open a browser, say so, and play until the parent says to end; with nobody to play, measure."""
    found = find_browser(district.browser, district.browser_name)
    options = launch_options(found, (district.location, district.home))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(headless=not engaged.hello.headed, **options)
        if engaged.seats:
            end.send(Engaged(browser=f"{browser.browser_type.name} {browser.version}"))
            Troupe(end, district, engaged, browser, playwright.devices).play()
        else:
            end.send(measure(browser))
        browser.close()
