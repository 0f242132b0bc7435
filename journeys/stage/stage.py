"""The stage of one attempt of a journey: its clock, its actors, and its observer."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from firstbell.compat.playwright import soft_errors
from firstbell.journeys.media.camera import (
    FULL_RATE,
    CameraSettings,
    Signature,
    camera_script,
    permission_script,
    permissions_in,
    signature_for,
)
from firstbell.journeys.media.probe import probe_script
from firstbell.journeys.stage.actor import OTHER_PAGES, Actor
from firstbell.journeys.stage.ending import Ending, EndingKind, private
from firstbell.journeys.stage.failures import Broken, Stranger, ending_of, with_dialog, with_note
from firstbell.journeys.stage.observer import Observer
from firstbell.journeys.stage.pages.page_signs import printable
from firstbell.journeys.stage.pages.tabs import ClosedBy
from firstbell.journeys.stage.roster import Watch
from firstbell.journeys.stage.step import TITLE_LIMIT, Step, StepRecord

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.pages.refused_address import RefusedAddress
    from firstbell.journeys.stage.service import Account


PAGE_CRASHED = Ending(kind=EndingKind.ERRORED, said="the page crashed in our browser", sign="own-browser")


def step_ending_of(actor: Actor, error: BaseException, since_s: float = 0.0, *, quotes: bool = False) -> Ending:
    """The ending of a step: a crashed page is the probe's own fault, a page that closed itself the service's, a bot
    wall is blind, else as the error says; with the last dialog since `since_s` on the monotonic clock. It has what the
    page showed in place of the expected only if it `quotes`."""
    actor.tabs.step_failed(error)
    if actor.tabs.has_crashed:
        return PAGE_CRASHED
    ending = ending_of(error, quotes=quotes)
    if closed_by := actor.tabs.closed_by(error):
        ending = _ending_of_closed(ending, closed_by)
    elif ending.kind is EndingKind.FAILED and (wall := actor.bot_wall()):
        return Ending(kind=EndingKind.BLIND, said=f"a bot wall stands in the way: {wall}")
    if ending.kind is EndingKind.FAILED and (refusal := actor.camera_refusal()):
        ending = replace(ending, said=with_note(ending.said, f"camera or microphone were refused to {refusal}"))
    dialogs = actor.tabs.dialogs.since(since_s)
    return replace(ending, said=with_dialog(ending.said, dialogs[-1].words)) if dialogs else ending


def _ending_of_closed(ending: Ending, closed_by: ClosedBy) -> Ending:
    call = re.split("[:;]", ending.said)[0]
    if closed_by is ClosedBy.JOURNEY:
        said = f"the journey used a page that it had closed ({call})"
        return replace(ending, kind=EndingKind.ERRORED, said=said)
    return replace(ending, kind=EndingKind.FAILED, said=f"the page closed itself while it was used ({call})")


class Stage:
    """One attempt's stage. `run_token` makes its cameras' signatures its own; `limit_s` bounds one wait in a step;
    `guests` are the names of people who may be in a class besides the actors; `seat` is the number of its first actor,
    where several stages of one run must have different cameras."""

    actor_class: type[Actor] = Actor

    def __init__(
        self, *, run_token: str, observer: Observer, limit_s: float, guests: Collection[str] = (), seat: int = 0
    ) -> None:
        self.observer = observer
        self.limit_s = limit_s
        self.steps: list[StepRecord] = []
        self._run_token = run_token
        self.began_ms = time.time() * 1000
        self._guests = tuple(guests)
        self._began = time.monotonic()
        self._actors: list[Actor] = []
        self._seat = seat
        self._positions = 0
        self._service = ""
        self._refused: list[tuple[Actor, str, RefusedAddress]] = []

    @property
    def now_s(self) -> float:
        """Seconds since the attempt began."""
        return time.monotonic() - self._began

    def enter(self, role: str, account: Account, context: BrowserContext, camera: CameraSettings = FULL_RATE) -> Actor:
        """Add an actor: a page of its own, with the signed camera in place of a real one."""
        signature = self._sign(context, camera)
        context.set_default_timeout(self.limit_s * 1000)
        actor = self.actor_class(role=role, account=account, page=context.new_page(), signature=signature, stage=self)
        self._actors.append(actor)
        self.observer.actor_entered(actor)
        return actor

    def accompany(self, page: Page, account: Account, name: str) -> Actor:
        """Add an actor for a page that a test has opened: without camera, with the test's own time-outs."""
        page.context.add_init_script(permission_script())
        signature = signature_for(self._run_token, len(self._actors))
        actor = Actor(role=name, account=account, page=page, signature=signature, stage=self)
        self._actors.append(actor)
        self.observer.actor_entered(actor)
        return actor

    def _sign(self, context: BrowserContext, camera: CameraSettings) -> Signature:
        signature = signature_for(self._run_token, self._seat + len(self._actors))
        browser = context.browser
        if permissions := permissions_in(browser.browser_type.name if browser else ""):
            context.grant_permissions(list(permissions))
        context.add_init_script(camera_script(signature, settings=camera))
        context.add_init_script(probe_script())
        return signature

    @property
    def pages(self) -> dict[str, Page]:
        """Each actor's page in view and other open pages, by the name of the page in evidence."""
        return {
            actor.tabs.name_of(page, actor.name): page
            for actor in self._actors
            for page in (actor.tabs.in_view, *actor.tabs.others()[:OTHER_PAGES])
        }

    @property
    def privacy(self) -> Ending | None:
        """The ending that strangers in the class force on this attempt; None while there are none."""
        # The connection of an earlier attempt, or of before a page was loaded again, may still be listed.
        own = [[actor.account.display_name] * (1 + actor.roster.returns) for actor in self._actors]
        expected = [*self._guests, *(name for names in own for name in names)]
        strangers = max((actor.roster.strangers(expected) for actor in self._actors), default=0)
        return private(strangers) if strangers else None

    @property
    def watches_participants(self) -> bool:
        """Whether an actor of this attempt follows a room's list of participants now."""
        return any(actor.roster.watch is Watch.WATCHED for actor in self._actors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _actor, _service, address in self._refused:
            address.close()
        self.observer.finished()

    def settle(self) -> None:
        """End a journey that has played all its steps. Raises Broken if the last thing that an actor did was to open
        an address that answered with an error."""
        for actor, service, address in self._refused:
            if refusal := address.refusal:
                with self.step(actor, "goes on from there", service, picture=True):
                    raise Broken(refusal)

    @contextmanager
    def step(self, actor: Actor, title: str, service: str, *, picture: bool, quotes: bool = False) -> Iterator[None]:
        """Play one step, and report begin and end to the observer. A failed soft expectation ends the step badly,
        and the journey goes on."""
        self._positions += 1
        step = Step(
            position=self._positions,
            actor=actor.name,
            title=printable(title, TITLE_LIMIT),
            service=service,
            started_s=self.now_s,
            picture=picture,
        )
        self._service = service
        self.observer.step_began(actor, step)
        actor.tabs.step_began()
        before, began_s = len(soft_errors()), time.monotonic()
        try:
            yield
        except BaseException as error:
            ending = self.privacy or step_ending_of(actor, error, began_s, quotes=quotes)
            self._close(actor, StepRecord(step=step, ended_s=self.now_s, ending=ending))
            raise
        privacy = self.privacy
        failed_softly = soft_errors()[before:]
        soft = step_ending_of(actor, failed_softly[0], began_s, quotes=quotes) if failed_softly else None
        found = privacy or soft
        self._close(actor, StepRecord(step=step, ended_s=self.now_s, ending=found))
        if privacy is not None:
            raise Stranger(privacy.said)

    def address_refused(self, actor: Actor, address: RefusedAddress) -> None:
        """Remember an address that was answered with an error, until the journey ends."""
        self._refused.append((actor, self._service, address))

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Report a media proof to the observer."""
        self.observer.media_judged(actor, proof)

    def _close(self, actor: Actor, record: StepRecord) -> None:
        self.steps.append(record)
        self.observer.step_ended(actor, record)
