"""The part of one person: the journey from top to bottom, the stay with all others, and leaving in any case."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as PlaywrightError

from firstbell.journeys.media.camera import FULL_RATE, LOW_RATE
from firstbell.journeys.stage.actor import LOCATOR_LASTS_S, Actor
from firstbell.journeys.stage.failures import MediaBroken
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.execution.browsers.discovery import throttle
from firstbell.runner.execution.browsers.per_actor import open_context
from firstbell.runner.rehearsal.plays.turns import MEDIA_SAMPLE, PLAYER, CannotRehearse, Player
from firstbell.runner.rehearsal.processes.protocol import END, STAY, STAYED, FramesReceived, GuestNotSeen

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import BrowserContext

    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.camera_owner import CameraOwner
    from firstbell.journeys.stage.observer import Observer
    from firstbell.runner.execution.district import District
    from firstbell.runner.rehearsal.arrivals import Arrival, Cast
    from firstbell.runner.rehearsal.plays.fixtures import JourneyFixtures
    from firstbell.runner.rehearsal.processes.link import PipeLink
    from firstbell.runner.rehearsal.processes.observer import PlayerResources

# The longest wait of a person who leaves after a failure, for each thing that leaving takes.
LEAVE_MS = 3000
BLANK = "about:blank"
# A goodbye is a request of a page that is gone already; it ends with its browser context.
GOODBYE_MS = 300


def has_sound(arrival: Arrival) -> bool:
    """Tells whether a person's microphone sends. Most students are muted, as in a large class, but a host proves some
    of them."""
    return not arrival.is_guest or arrival.number <= MEDIA_SAMPLE


class PartActor(Actor):
    """An actor in a rehearsal. `stay` is what a guest does instead of a few seconds in class; `not_seen` is what a host
    does about a guest whom it does not see and hear: the others go on."""

    stay: Callable[[], None] | None = None
    not_seen: Callable[[str, str], None] | None = None

    def expect_to_see_and_hear(self, other: CameraOwner, *, within_s: float | None = None) -> MediaProof:
        """Prove that the other's picture and sound reach this actor now. Raises MediaBroken, if this is a guest."""
        try:
            return super().expect_to_see_and_hear(other, within_s=within_s)
        except MediaBroken as error:
            if self.not_seen is None:
                raise
            self.not_seen(other.name, str(error))
            return error.proof

    def expect_to_keep_seeing_and_hearing(self, other: CameraOwner, *, for_s: float = LOCATOR_LASTS_S) -> MediaProof:
        """Prove it again when all guests have been there for the time of the stay. Raises MediaBroken."""
        if self.stay is None:
            return super().expect_to_keep_seeing_and_hearing(other, for_s=for_s)
        self.stay()
        return self.expect_to_see_and_hear(other)


class PartStage(Stage):
    """The stage of one person in a rehearsal."""

    actor_class = PartActor


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The journey that is rehearsed, as this process has collected it."""

    item: pytest.Function
    fixtures: JourneyFixtures
    cast: Cast
    district: District


class JourneyPart:
    """One person in one round."""

    def __init__(
        self,
        arrival: Arrival,
        rehearsed: Rehearsed,
        resources: PlayerResources,
        link: PipeLink,
        stay_s: float,
    ) -> None:
        self._arrival = arrival
        self._rehearsed = rehearsed
        self._resources = resources
        self._link = link
        self._send = link.send
        self._stay_s = stay_s
        self._context: BrowserContext | None = None
        self._person: Actor | None = None
        self._has_stayed = False

    def play(self, *, token: str, guests: tuple[str, ...], observer: Observer) -> None:
        """Plays the journey. The person has left at the end, whatever happens. Raises what the journey raises."""
        district, arrival = self._rehearsed.district, self._arrival
        account = district.account(arrival.account)
        self._context = open_context(
            self._resources.browser.new_context, account.device, self._resources.devices, district.location
        )
        try:
            with PartStage(
                run_token=token, observer=observer, limit_s=district.step_limit_s, guests=guests, seat=arrival.number
            ) as stage:
                camera = replace(LOW_RATE, is_muted=not has_sound(arrival)) if arrival.is_guest else FULL_RATE
                person = stage.enter(arrival.actor, account, self._context, camera)
                person.role = arrival.role
                self._person, self._link.page = person, lambda: person.page
                throttle(person.page, district.location.network)
                if isinstance(person, PartActor):
                    person.stay = (lambda: self._stay(person)) if arrival.is_guest else None
                    person.not_seen = None if arrival.is_guest else self._report_not_seen
                self._play_journey(person)
        finally:
            self.leave()

    def leave(self) -> None:
        """Leaves: a host ends the class that is still open, pages say goodbye, and all connections are closed.
        Idempotent."""
        context, self._context = self._context, None
        if context is None:
            return
        self._end_class(context)
        for page in context.pages:
            # Only a page that is left by going elsewhere tells its server so.
            with contextlib.suppress(PlaywrightError):
                page.goto(BLANK, timeout=LEAVE_MS, wait_until="commit")
                page.wait_for_timeout(GOODBYE_MS)
        try:
            context.close()
        except PlaywrightError as error:
            print(f"a context did not close: {error}")  # noqa: T201

    def _play_journey(self, person: Actor) -> None:
        player = Player(self._link)
        PLAYER.set(player)
        try:
            given = self._given(person, player)
            player.waits_for = self._rehearsed.cast.hosts
            with self._rehearsed.fixtures.values(given) as arguments:
                player.waits_for = None
                self._rehearsed.item.obj(**arguments)
                self._link.report()
                if self._arrival.is_guest:
                    self._stay(person)
                else:
                    self._link.live_class = None
                    self._link.wait_until_played(END, self._rehearsed.cast.guest)
        except BaseException:
            if self._arrival.is_guest:
                self._report_frames(person)
            raise

    def _given(self, person: Actor, player: Player) -> Mapping[str, Any]:
        """The fixtures of First Bell: this person, and stand-ins for all others."""
        cast, district = self._rehearsed.cast, self._rehearsed.district
        people: dict[str, object] = {role: player.stand_in(role) for role in (cast.guest, *cast.hosts)}
        people[person.role] = person

        def actor(role: str) -> object:
            if role not in people:
                raise CannotRehearse(f'no person plays "{role}": name it in roles=[...] of the journey\'s marker')
            return people[role]

        return {
            "school": district.school,
            "classroom": district.classroom,
            "district": district,
            "actor": actor,
            **{role: people[role] for role in ("teacher", "student") if role in people},
        }

    def _stay(self, guest: Actor) -> None:
        """Stays with all other guests for the set time. Once in a round."""
        if self._has_stayed:
            return
        self._has_stayed = True
        self._meet(STAY)
        guest.page.wait_for_timeout(self._stay_s * 1000)
        self._meet(STAYED)
        self._report_frames(guest)

    def _meet(self, path: str) -> None:
        self._link.played(path, None)
        self._link.wait_until_played(path, self._arrival.role)

    def _report_frames(self, guest: Actor) -> None:
        """Reports the number of the host's frames received; nothing if the page does not answer. After the end of a
        call the number was reported already."""
        with contextlib.suppress(PlaywrightError):
            if frames := guest.counted().frames_received:
                self._send(FramesReceived(actor=self._arrival.actor, at_s=time.time(), frames=frames))

    def _report_not_seen(self, name: str, said: str) -> None:
        self._send(GuestNotSeen(actor=name, said=said))

    def _end_class(self, context: BrowserContext) -> None:
        """Ends the class that a host has opened, and did not end because the journey has failed."""
        class_, person = self._link.live_class, self._person
        if self._arrival.is_guest or class_ is None or person is None:
            return
        context.set_default_timeout(LEAVE_MS)
        # Whatever this raises: the journey has failed already, and the page may have ended the class itself.
        with contextlib.suppress(Exception):
            class_.end(person)
