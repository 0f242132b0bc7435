"""The people of one process: each in a fiber of its own, started when they are due.

Playwright's sync API does one thing at a time; but a function that a page calls (`expose_function`) runs in a fiber of
its own, and while that waits the others go on. So each person is started by a call from a page that exists for this.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

import pytest

from firstbell.journeys.media.camera import signature_for
from firstbell.journeys.stage.failures import ending_of
from firstbell.runner.execution.runs.machine_load import LagMeter
from firstbell.runner.rehearsal.plays.stand_in import PlayedElsewhere, StandInPerson
from firstbell.runner.rehearsal.plays.turns import NotPlayed
from firstbell.runner.rehearsal.processes.link import PipeLink, RoundState
from firstbell.runner.rehearsal.processes.observer import PlayerResources, ProgressObserver
from firstbell.runner.rehearsal.processes.part import JourneyPart, Rehearsed, has_sound
from firstbell.runner.rehearsal.processes.protocol import (
    TO_PLAYERS,
    ActorLeft,
    BeginRound,
    Cue,
    EndPlayers,
    GuestsCome,
    HostValues,
    PersonLeft,
    PreparePlayers,
    Stuck,
    ToPlayers,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from firstbell.runner.execution.supervision.pipe import WorkerEnd
    from firstbell.runner.rehearsal.arrivals import Arrival

# The interval at which due arrivals are started; they are late by up to this. Each interval takes a millisecond of
# processor in the browser: with 40 ms, a person who waits for a cue would take 3 % of a core.
TICK_MS = 100
START_BINDING = "firstbellStart"


class PlayerGroup:
    """The people that one process plays."""

    def __init__(
        self, end: WorkerEnd, rehearsed: Rehearsed, prepare: PreparePlayers, resources: PlayerResources
    ) -> None:
        self._end = end
        self._resources = resources
        self._rehearsed = rehearsed
        self._prepare = prepare
        self._arrivals = {arrival.number: arrival for arrival in prepare.arrivals if arrival.worker == prepare.worker}
        self._messages: queue.SimpleQueue[ToPlayers | None] = queue.SimpleQueue()
        self._state = RoundState()
        self._parts: list[JourneyPart] = []
        self._due: dict[int, float] = {}
        self._token = ""
        self._round = 0
        self._lag = LagMeter()
        threading.Thread(target=self._listen, name="parent-pipe", daemon=True).start()

    def play(self) -> None:
        """Follows the parent's messages until it asks to end. No person is left behind in a class."""
        # The page that starts people belongs to none of them.
        trigger = self._resources.browser.new_context().new_page()
        trigger.expose_function(START_BINDING, self._play_person)
        with self._lag:
            while self._process_messages():
                self._start_due(trigger)
                trigger.wait_for_timeout(TICK_MS)
        for part in self._parts:
            part.leave()

    def _listen(self) -> None:
        while line := self._end.read_line():
            self._messages.put(TO_PLAYERS.validate_json(line))
        self._messages.put(None)

    def _process_messages(self) -> bool:
        while not self._messages.empty():
            match self._messages.get():
                case BeginRound(token=token):
                    self._token, self._state, self._parts = token, RoundState(), []
                    self._round += 1
                    self._due = {number: 0.0 for number, arrival in self._arrivals.items() if not arrival.is_guest}
                case GuestsCome():
                    now, guests = time.monotonic(), [guest for guest in self._arrivals.values() if guest.is_guest]
                    self._due |= {guest.number: now + guest.comes_s for guest in guests}
                case (Cue() | HostValues() | PersonLeft() | Stuck()) as message:
                    self._state.receive(message)
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
        ending, said, is_alone = "", "", False
        try:
            self._play_part(arrival)
        except (Exception, PlayedElsewhere, pytest.skip.Exception, pytest.fail.Exception) as error:
            failure = ending_of(error)
            ending, said = failure.kind.value, self._resources.evidence.known.scrub(failure.said)
            is_alone = isinstance(error, NotPlayed)
        self._end.send(
            ActorLeft(
                actor=arrival.actor,
                at_s=time.time(),
                ending=ending,
                said=said,
                is_alone=is_alone,
                lost_share=self._lag.lost_share,
            )
        )

    def _play_part(self, arrival: Arrival) -> None:
        district = self._rehearsed.district
        link = PipeLink(arrival.actor, self._state, self._end.send, people=self._people(), school=district.school)
        part = JourneyPart(arrival, self._rehearsed, self._resources, link, self._prepare.stay_s)
        self._parts.append(part)
        observer = ProgressObserver(arrival, self._round, self._end.send, self._resources)
        part.play(token=self._token, guests=self._prepare.guests, observer=observer)

    def _people(self) -> dict[str, list[StandInPerson]]:
        """All people by role, also those of other processes."""
        people: dict[str, list[StandInPerson]] = {}
        for arrival in self._prepare.arrivals:
            account = self._rehearsed.district.account(arrival.account)
            signature = signature_for(self._token, arrival.number)
            person = StandInPerson(arrival.actor, signature, account, has_sound=has_sound(arrival))
            people.setdefault(arrival.role, []).append(person)
        return people
