"""The actor: a synthetic person with an account, a page, a signed camera, and a probe for the media of others."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page

from firstbell.journeys.media.figures import CallFigure, figures
from firstbell.journeys.media.probe import MediaProbe, Still
from firstbell.journeys.stage.failures import MediaBroken
from firstbell.journeys.stage.pages.bot_walls import find_bot_wall
from firstbell.journeys.stage.pages.document_watch import DocumentWatch
from firstbell.journeys.stage.pages.page_state import read_page_signs
from firstbell.journeys.stage.pages.refused_address import RefusedAddress
from firstbell.journeys.stage.pages.waiting import Prospect, open_address, wait_for_first
from firstbell.journeys.stage.roster import Roster

if TYPE_CHECKING:
    from firstbell.journeys.media.camera import Signature
    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.media.sample import MediaCounters
    from firstbell.journeys.stage.camera_owner import CameraOwner
    from firstbell.journeys.stage.ending import Ending
    from firstbell.journeys.stage.pages.page_signs import PageSigns
    from firstbell.journeys.stage.service import Account

# The time for which a call that came up is watched: longer than a call needs that gives up again at once.
LOCATOR_LASTS_S = 4.0


class Attempt(Protocol):
    """The attempt that an actor plays in, as far as an actor knows it: `firstbell.journeys.stage.stage.Stage`."""

    limit_s: float
    began_ms: float

    @property
    def privacy(self) -> Ending | None:
        """The ending that a stranger in the class forces on the attempt."""

    def step(self, actor: Actor, title: str, service: str, *, picture: bool) -> AbstractContextManager[None]:
        """Play one step of an actor."""

    def address_refused(self, actor: Actor, address: RefusedAddress) -> None:
        """Take note of an address that was answered with an error."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Take note of a media proof."""


class Actor:
    """A synthetic person. `name` is also the role ("student"), and names the actor's evidence files."""

    def __init__(self, *, role: str, account: Account, page: Page, signature: Signature, stage: Attempt) -> None:
        self.name = role
        self.role = role
        self.account = account
        self.page = page
        self.signature = signature
        self.roster = Roster(page)
        self._stage = stage
        self._probe = MediaProbe(page)
        self._document = DocumentWatch(page)
        self._seen_since: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<{self.role} {self.account.username}>"

    @property
    def limit_s(self) -> float:
        """The longest wait inside a step, in seconds."""
        return self._stage.limit_s

    def step(self, title: str, *, relies_on: str, picture: bool = True) -> AbstractContextManager[None]:
        """A named part of this actor's path; `relies_on` is the service that breaks if it breaks.

        A step that fails always leaves a picture; one that passes leaves one unless `picture` says that what it ends
        on is not worth the 70 ms that a picture takes on a page with video.
        """
        return self._stage.step(self, title, relies_on, picture=picture)

    def go(self, url: str) -> None:
        """Open an address as if typed. Raises Broken where the answer is an error whose page offers no way on."""
        open_address(self.page, self._document, url, limit_s=self.limit_s)
        if self._document.refused:
            self._stage.address_refused(self, RefusedAddress(self.page, self._document))

    def wait_for_first(self, *signs: Locator, within_s: float | None = None) -> Locator:
        """Wait until one of several elements is visible, and return it. Raises Broken when the time is over, or as soon
        as nothing on the page can bring any of them."""
        return wait_for_first(self.page, self._document, signs, limit_s=within_s or self.limit_s)

    def prospect(self) -> Prospect:
        """The judge of whether this actor's page can still change, for waits that look at other places, too."""
        return Prospect(self.page, self._document)

    def click(self, target: Locator) -> None:
        """Click an element as soon as it is there. Raises Broken as `wait_for_first` does."""
        self.wait_for_first(target).first.click()

    def bot_wall(self) -> str | None:
        """The bot wall that stands in this actor's way; None when none does."""
        return find_bot_wall(self.page, self._document)

    def signs(self) -> PageSigns | None:
        """The signs of this actor's page now; None when the page does not answer."""
        return read_page_signs(self.page, self.name, self._document.asked)

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
        """Prove it again, `for_s` seconds after it was first proved. Raises MediaBroken."""
        since = self._seen_since.get(other.name, time.monotonic())
        self.page.wait_for_timeout(max(0.0, since + for_s - time.monotonic()) * 1000)
        return self.expect_to_see_and_hear(other)

    def stills(self) -> tuple[Still, ...]:
        """The first and the last picture that this actor's last media proof compared."""
        return self._probe.stills()

    def figures(self) -> tuple[CallFigure, ...]:
        """The figures of this actor's call over time. Empty without a call."""
        return figures(self._probe.samples(), self._stage.began_ms)

    def counted(self) -> MediaCounters:
        """The current counters of this actor's calls; zeros without a call. Raises Playwright's errors."""
        return self._probe.counted()

    @property
    def is_private(self) -> bool:
        """Whether a stranger has come into a class of this attempt, so that nothing may be recorded of it."""
        return self._stage.privacy is not None

    @property
    def has_crashed(self) -> bool:
        """Whether this actor's page has crashed. Asks the browser for something else first: it reports a crash before
        that answer, while the call that met the crash may fail earlier."""
        with contextlib.suppress(PlaywrightError):
            self.page.context.cookies("about:blank")
        return self._document.has_crashed
