"""The tabs and windows of one actor: which are open, which one is in use, and what document each of them shows."""

from __future__ import annotations

import contextlib
from enum import Enum
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError

from firstbell.compat.playwright import frame_of, page_of, was_closed_by_journey
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.pages.dialogs import DialogLog
from firstbell.journeys.stage.pages.document_watch import DocumentWatch

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response

# More first documents of tabs than can be on their way at once.
EARLY_KEPT = 20


class ClosedBy(Enum):
    """The side that closed a page."""

    SITE = "site"
    JOURNEY = "journey"


class Tabs:
    """The pages of one browser context, numbered from 1 in the order in which they opened.

    The page in use is the one that the journey set last. A page that opens by itself changes nothing; when the page in
    use closes, its opener is in use again, or else the page that was used before.
    """

    def __init__(self, page: Page) -> None:
        self.context = page.context
        self.dialogs = DialogLog(self.context)
        self._watches: dict[Page, DocumentWatch] = {}
        self._openers: dict[Page, Page | None] = {}
        self._used = [page]
        self._failing: Page | None = None
        self._early_answers: list[Response] = []
        self._early_failures: list[Request] = []
        for opened in (page, *self.context.pages):
            self._add(opened)
        self.context.on("page", self._add)
        self.context.on("response", self._keep_early_answer)
        self.context.on("requestfailed", self._keep_early_failure)

    @property
    def in_use(self) -> Page:
        """The page that the journey set last, while it is open."""
        return self._used[-1]

    def use(self, page: Page) -> None:
        """Set the page in use. Raises JourneyError for a page of another browser context."""
        if page.context != self.context:
            raise JourneyError("this page is of another browser context, which has no camera; open it from actor.page")
        self._add(page)
        self._used.append(page)

    @property
    def in_view(self) -> Page:
        """The page that a picture shows: the one on which a step failed, else the one in use."""
        return self._failing if self._failing is not None and not self._failing.is_closed() else self.in_use

    def step_began(self) -> None:
        """Look at the page in use again."""
        self._failing = None

    def step_failed(self, error: BaseException, page: Page | None = None) -> None:
        """Look at the page on which an error was raised, whichever is in use: at `page` if the error does not tell."""
        self._failing = page_of(error, self.opened) or page or self._failing

    @property
    def opened(self) -> tuple[Page, ...]:
        """Every page that has opened, closed ones too, in order."""
        return tuple(self._watches)

    def others(self) -> tuple[Page, ...]:
        """The open pages beside the one in view, the newest first. A download in a new tab leaves one without
        address, which shows nothing."""
        beside = [page for page in self._watches if page is not self.in_view and not page.is_closed() and page.url]
        return tuple(reversed(beside))

    def number_of(self, page: Page) -> int:
        """The number of a page, from 1; 0 for a page of another context."""
        return next((number for number, opened in enumerate(self._watches, start=1) if opened is page), 0)

    def name_of(self, page: Page, actor: str) -> str:
        """The name of a page in evidence: the actor's for the page in view, "student tab 2" for another."""
        return actor if page is self.in_view else f"{actor} tab {self.number_of(page)}"

    def watch_of(self, page: Page) -> DocumentWatch:
        """The watch of a page's document."""
        self._add(page)
        return self._watches[page]

    @property
    def has_crashed(self) -> bool:
        """Whether a page has crashed. Asks the browser for something else first: it reports a crash before that
        answer, while the call that met the crash may fail earlier."""
        self._is_alive()
        return any(watch.has_crashed for watch in self._watches.values())

    def closed_by(self, error: BaseException) -> ClosedBy | None:
        """The side that closed the page on which a call or an expectation failed; None where that page is open, or the
        whole browser is gone."""
        page = page_of(error, self.opened)
        if page is None or not page.is_closed() or not self._is_alive():
            return None
        return ClosedBy.JOURNEY if was_closed_by_journey(page) else ClosedBy.SITE

    def _is_alive(self) -> bool:
        with contextlib.suppress(PlaywrightError):
            self.context.cookies("about:blank")
            return True
        return False

    def _add(self, page: Page) -> None:
        if page in self._watches:
            return
        watch = self._watches[page] = DocumentWatch(page)
        self._openers[page] = page.opener()
        page.on("close", self._closed)
        for answer in self._early_answers:
            watch.notice(answer)
        for request in self._early_failures:
            watch.miss(request)

    def _closed(self, page: Page) -> None:
        if page is not self.in_use:
            return
        candidates = (self._openers.get(page), *reversed(self._used), *self._watches)
        if back := next((other for other in candidates if other is not None and not other.is_closed()), None):
            self._used.append(back)

    def _keep_early_answer(self, answer: Response) -> None:
        """Keep the first answer to a tab whose page is not reported yet."""
        if _is_early(answer.request):
            self._early_answers.append(answer)
            del self._early_answers[:-EARLY_KEPT]

    def _keep_early_failure(self, request: Request) -> None:
        if _is_early(request):
            self._early_failures.append(request)
            del self._early_failures[:-EARLY_KEPT]


def _is_early(request: Request) -> bool:
    return request.is_navigation_request() and frame_of(request) is None
