"""A synthetic person at work: an account, a page, a signed camera, and eyes and ears for the others."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager
from functools import reduce
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page, Request, Response
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.media.figures import CallFigure, figures
from firstbell.journeys.media.probe import MediaProbe, Still
from firstbell.journeys.stage.failures import Broken, LostDocument, MediaBroken, lost_document
from firstbell.journeys.stage.pages.page_state import read_page_signs
from firstbell.journeys.stage.roster import Roster

if TYPE_CHECKING:
    from firstbell.journeys.media.camera import Signature
    from firstbell.journeys.media.look import MediaCounters
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.camera_owner import CameraOwner
    from firstbell.journeys.stage.ending import Ending
    from firstbell.journeys.stage.pages.page_signs import PageSigns
    from firstbell.journeys.stage.service import Account

# How long a call is watched that came up well: longer than it takes to give up again at once.
LOCATOR_LASTS_S = 4.0
# While waiting for one of several signs, how often it is looked whether waiting has any use.
PAGE_READ_MS = 500


class Attempt(Protocol):
    """The attempt that an actor plays in, as far as an actor knows it: `firstbell.journeys.stage.stage.Stage`."""

    limit_s: float
    began_ms: float

    @property
    def privacy(self) -> Ending | None:
        """How the attempt has to end because of who came into its class."""

    def step(self, actor: Actor, title: str, service: str, *, picture: bool) -> AbstractContextManager[None]:
        """Play one step of an actor."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Hear what an actor has seen and heard of another."""


class Actor:
    """Somebody we play. `name` is also the role ("student"), and what evidence is filed under."""

    def __init__(self, *, role: str, account: Account, page: Page, signature: Signature, stage: Attempt) -> None:
        self.name = role
        self.role = role
        self.account = account
        self.page = page
        self.signature = signature
        self.roster = Roster(page)
        self._stage = stage
        self._probe = MediaProbe(page)
        self._lost_document: LostDocument | None = None
        self._lost_script = self._asked = ""
        self._has_crashed = False
        self._seen_since: dict[str, float] = {}
        page.on("response", self._notice)
        page.on("requestfailed", self._miss)
        page.on("crash", self._crashed)

    def __repr__(self) -> str:
        return f"<{self.role} {self.account.username}>"

    @property
    def limit_s(self) -> float:
        """How long one wait inside a step may take, in seconds."""
        return self._stage.limit_s

    def step(self, title: str, *, relies_on: str, picture: bool = True) -> AbstractContextManager[None]:
        """A named part of this actor's path; `relies_on` is the service that breaks if it breaks.

        A step that fails always leaves a picture; one that passes leaves one unless `picture` says that what it ends
        on is not worth the 70 ms that a picture takes on a page with video.
        """
        return self._stage.step(self, title, relies_on, picture=picture)

    def go(self, url: str) -> None:
        """Open an address as if typed. Raises Broken at once when the answer is an error page."""
        deadline = time.monotonic() + self.limit_s
        self.page.goto(url, wait_until="commit")
        while True:
            left_ms = (deadline - time.monotonic()) * 1000
            try:
                self.page.wait_for_load_state("domcontentloaded", timeout=max(1.0, min(PAGE_READ_MS, left_ms)))
                break
            except PlaywrightTimeout:
                self._raise_if_impossible()
                if left_ms <= PAGE_READ_MS:
                    raise
        self._raise_if_impossible()

    def wait_for_first(self, *signs: Locator, within_s: float | None = None) -> Locator:
        """Wait until one of several signs is seen, and return it; Broken as soon as it is certain that none will be."""
        deadline = time.monotonic() + (within_s or self.limit_s)
        either = reduce(Locator.or_, signs).first
        while True:
            left_ms = (deadline - time.monotonic()) * 1000
            try:
                either.wait_for(timeout=max(1.0, min(PAGE_READ_MS, left_ms)))
            except PlaywrightTimeout:
                self._raise_if_impossible()
                if left_ms > PAGE_READ_MS:
                    continue
                raise
            return signs[0] if len(signs) == 1 else next(sign for sign in signs if sign.first.is_visible())

    def click(self, wanted: Locator) -> None:
        """Click something as soon as it is there; Broken as soon as it is certain that it will not be."""
        self.wait_for_first(wanted).first.click()

    def signs(self) -> PageSigns | None:
        """What this actor's page says of itself now; None when it cannot be asked."""
        return read_page_signs(self.page, self.name, self._asked)

    def _sign(self) -> str:
        found = self.signs()
        return found.sign if found else ""

    def _raise_if_impossible(self) -> None:
        """Raise Broken where what is waited for cannot come: an error page, a page that stands in, a lost script."""
        if (lost := self._lost_document) is not None:
            raise Broken(lost.said, sign=self._sign(), unresolved=lost.unresolved)
        found = self.signs()
        if found is not None and found.sign:
            raise Broken(f'the page says "{found.text[:120] or found.title}"', sign=found.sign)
        if found is not None and found.is_blank and self._lost_script:
            raise Broken(f"the page stays blank: {self._lost_script}", sign="blank")

    def expect_to_see_and_hear(self, other: CameraOwner, *, within_s: float | None = None) -> MediaProof:
        """Prove that the other's picture and sound reach this actor now. Raises MediaBroken with what was missing."""
        limit_s = within_s or self.limit_s
        proof = self._probe.expect(other.signature, observer=self.name, observed=other.name, within_s=limit_s)
        self._stage.media_judged(self, proof)
        if proof.fault is not None:
            raise MediaBroken(proof)
        self._seen_since.setdefault(other.name, time.monotonic())
        return proof

    def expect_to_keep_seeing_and_hearing(self, other: CameraOwner, *, for_s: float = LOCATOR_LASTS_S) -> MediaProof:
        """Prove it again when `for_s` seconds have passed since it was first proved. Raises MediaBroken."""
        since = self._seen_since.get(other.name, time.monotonic())
        self.page.wait_for_timeout(max(0.0, since + for_s - time.monotonic()) * 1000)
        return self.expect_to_see_and_hear(other)

    def stills(self) -> tuple[Still, ...]:
        """The two pictures, first and last, that this actor's last look at somebody compared."""
        return self._probe.stills()

    def figures(self) -> tuple[CallFigure, ...]:
        """What this actor's page has received over time. Empty where it had no call."""
        return figures(self._probe.samples(), self._stage.began_ms)

    def counted(self) -> MediaCounters:
        """What this actor's calls have counted by now; zeros without a call. Raises Playwright's errors."""
        return self._probe.counted()

    @property
    def is_private(self) -> bool:
        """Whether a stranger has come into a class of this attempt, so that nothing may be recorded of it."""
        return self._stage.privacy is not None

    @property
    def has_crashed(self) -> bool:
        """Whether this actor's page is dead. Asks the browser for something else first: a crash that it has noticed
        is told before it answers, while the call that met the crash may fail before."""
        with contextlib.suppress(PlaywrightError):
            self.page.context.cookies("about:blank")
        return self._has_crashed

    def _crashed(self, _page: Page) -> None:
        self._has_crashed = True

    def _notice(self, answer: Response) -> None:
        """Remember whether the document now shown is an error page, so that nobody waits for what cannot come."""
        if answer.request.resource_type == "script" and answer.status >= 400:
            self._lost_script = _refusal(answer)
        if not self._is_document(answer.request):
            return
        self._lost_document = LostDocument(said=_refusal(answer)) if answer.status >= 400 else None
        self._lost_script = ""
        self._asked = _first_asked(answer.request)

    def _miss(self, request: Request) -> None:
        """Remember that the document cannot be had at all. One that another navigation has cut off is not missed."""
        error = request.failure or ""
        if error == "net::ERR_ABORTED" or not self._is_document(request):
            return
        self._lost_document = lost_document(urlsplit(request.url).netloc, error)

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self.page.main_frame


def _first_asked(request: Request) -> str:
    """The host that was asked before anybody sent on elsewhere."""
    while (before := request.redirected_from) is not None:
        request = before
    return urlsplit(request.url).hostname or ""


def _refusal(answer: Response) -> str:
    return f"{urlsplit(answer.url).hostname} answered {answer.status} {answer.status_text}".strip()
