"""The actor: a synthetic person with an account, tabs, a signed camera, and a probe for the media of others."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page

from firstbell.journeys.media.figures import CallFigure, figures
from firstbell.journeys.media.probe import MediaProbe, Still
from firstbell.journeys.media.proof import MediaFault
from firstbell.journeys.stage.failures import Broken, MediaBroken, ProbeTooLate
from firstbell.journeys.stage.pages.bot_walls import find_bot_wall
from firstbell.journeys.stage.pages.following import follow
from firstbell.journeys.stage.pages.page_signs import TITLE_LIMIT, printable
from firstbell.journeys.stage.pages.page_state import read_page_signs
from firstbell.journeys.stage.pages.refused_address import RefusedAddress
from firstbell.journeys.stage.pages.tabs import Tabs
from firstbell.journeys.stage.pages.waiting import Prospect, open_address, wait_for_first
from firstbell.journeys.stage.roster import Roster, Watch

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
# Other open pages of an actor that evidence of a failure shows, beside the one in view.
OTHER_PAGES = 3


class Attempt(Protocol):
    """The attempt that an actor plays in, as far as an actor knows it: `firstbell.journeys.stage.stage.Stage`."""

    limit_s: float
    began_ms: float

    @property
    def privacy(self) -> Ending | None:
        """The ending that a stranger in the class forces on the attempt."""

    @property
    def watches_participants(self) -> bool:
        """Whether an actor of the attempt follows a room's list of participants now."""

    def step(
        self, actor: Actor, title: str, service: str, *, picture: bool, quotes: bool = False
    ) -> AbstractContextManager[None]:
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
        self.signature = signature
        self.tabs = Tabs(page)
        self.roster = Roster(page.context)
        self._stage = stage
        self._probe = MediaProbe(self._open_pages)
        self._seen_since: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<{self.role} {self.account.username}>"

    @property
    def page(self) -> Page:
        """The page in use. Set it to go on in another tab or window of this actor."""
        return self.tabs.in_use

    @page.setter
    def page(self, page: Page) -> None:
        self.tabs.use(page)

    def follow(self, *, within_s: float | None = None) -> AbstractContextManager[None]:
        """Go on where a click leads: `with student.follow(): student.click(link)`.

        The first tab or window that opens in the block is `page` afterwards; a click that stays in its tab changes
        nothing. Raises Broken when nothing opens.
        """
        return follow(self.tabs, limit_s=within_s or self.limit_s)

    @property
    def limit_s(self) -> float:
        """The longest wait inside a step, in seconds."""
        return self._stage.limit_s

    def step(
        self, title: str, *, relies_on: str, picture: bool = True, quotes: bool = False
    ) -> AbstractContextManager[None]:
        """A named part of this actor's path; `relies_on` is the service that breaks if it breaks.

        A step that fails always leaves a picture; one that passes leaves one unless `picture` says that what it ends
        on is not worth the 70 ms that a picture takes on a page with video. With `quotes` a failed expectation tells
        what the page showed in place of the expected, which may be a person's name; else that it differs.
        """
        return self._stage.step(self, title, relies_on, picture=picture, quotes=quotes)

    def go(self, url: str) -> None:
        """Open an address as if typed. Raises Broken where the answer is an error whose page offers no way on."""
        watch = self.tabs.watch_of(self.page)
        open_address(self.page, watch, url, limit_s=self.limit_s)
        if watch.refused:
            self._stage.address_refused(self, RefusedAddress(self.page, watch))

    def wait_for_first(self, *signs: Locator, within_s: float | None = None, waited_s: float = 0.0) -> Locator:
        """Wait until one of several elements is visible, and return it. Raises Broken when the time is over, or as soon
        as nothing on the page can bring any of them. `waited_s`: the time for which the caller waited before."""
        page = signs[0].page
        try:
            limit_s = within_s or self.limit_s
            return wait_for_first(page, self.tabs.watch_of(page), signs, limit_s=limit_s, waited_s=waited_s)
        except Broken as error:
            self.tabs.step_failed(error, page)
            raise

    def prospect(self) -> Prospect:
        """The judge of whether this actor's page can still change, for waits that look at other places, too."""
        return Prospect(self.page, self.tabs.watch_of(self.page))

    def click(self, target: Locator) -> None:
        """Click an element as soon as it is there. Raises Broken as `wait_for_first` does."""
        self.wait_for_first(target).first.click()

    def bot_wall(self) -> str | None:
        """The bot wall that stands in this actor's way; None when none does."""
        page = self.tabs.in_view
        return find_bot_wall(page, self.tabs.watch_of(page))

    def camera_refusal(self) -> str:
        """The host whose page the browser refused camera or microphone to, and the error's name; mostly empty."""
        with contextlib.suppress(PlaywrightError, LookupError):
            return printable(self._probe.refusal(), TITLE_LIMIT)
        return ""

    def signs(self) -> tuple[PageSigns, ...]:
        """The signs of this actor's open pages now, of the page in view first. Pages that do not answer are left out;
        the first that does not ends the reading: pages of one actor share a process."""
        found: list[PageSigns] = []
        for page in (self.tabs.in_view, *self.tabs.others()[:OTHER_PAGES]):
            signs = read_page_signs(page, self.tabs.name_of(page, self.name), self.tabs.watch_of(page).asked)
            if signs is None:
                break
            found.append(signs)
        return tuple(found)

    def expect_to_see_and_hear(self, other: CameraOwner, *, within_s: float | None = None) -> MediaProof:
        """Prove that the other's picture and sound reach this actor now. Raises MediaBroken with what was missing,
        and ProbeTooLate where this machine could not look."""
        limit_s = within_s or self.limit_s
        self.roster.entered()
        proof = self._probe.expect(other.signature, observer=self.name, observed=other.name, within_s=limit_s)
        self._stage.media_judged(self, proof)
        if proof.fault is MediaFault.PROBE_LATE:
            raise ProbeTooLate(proof)
        if proof.fault is not None:
            raise MediaBroken(proof)
        self._seen_since.setdefault(other.name, time.monotonic())
        return proof

    def expect_to_keep_seeing_and_hearing(self, other: CameraOwner, *, for_s: float = LOCATOR_LASTS_S) -> MediaProof:
        """Prove it again, `for_s` seconds after it was first proved. Raises MediaBroken."""
        since = self._seen_since.get(other.name, time.monotonic())
        self.page.wait_for_timeout(max(0.0, since + for_s - time.monotonic()) * 1000)
        return self.expect_to_see_and_hear(other)

    def watch_participants(
        self, people: Locator | None = None, *, name: str = "", attribute: str = "", count: Locator | None = None
    ) -> None:
        """Follow a room's list of participants from now on: a person who is not expected ends the run, and nothing that
        shows or names a person is kept of it.

        `people` is the list or its rows, in any tab, window or frame of this actor; `count` a text such as
        "Participants (3)", for a room that lists nobody. `name` is a CSS selector of the name in a row, `attribute` an
        attribute that holds it; without them each text of a row is compared. Raises Playwright's TimeoutError when they
        are not on the page.
        """
        self.roster.follow(people, name=name, attribute=attribute, count=count)

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
    def is_guarded(self) -> bool:
        """Whether an actor of this attempt follows a list of participants now."""
        return self._stage.watches_participants

    @property
    def is_unwatched(self) -> bool:
        """Whether this actor's page may show people in a room whose participants no actor of this attempt follows."""
        if self.is_guarded:
            return False
        return self.roster.watch is Watch.UNWATCHED or self.is_receiving

    @property
    def has_lost_list(self) -> bool:
        """Whether this actor followed a list of participants that has gone, or in which an entry cannot be read."""
        return self.roster.watch is Watch.LOST

    @property
    def is_receiving(self) -> bool:
        """Whether video arrives on this actor's page at the moment."""
        try:
            figures = self.figures()
        except PlaywrightError:
            return False
        return bool(figures) and figures[-1].video_kbps > 0

    def _open_pages(self) -> list[Page]:
        """The page in use, then every other open page: a person may have moved a picture into a window of its own."""
        return [self.page, *(page for page in self.tabs.opened if page is not self.page and not page.is_closed())]
