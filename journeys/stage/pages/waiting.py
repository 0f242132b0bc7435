"""Waits of an actor on a page: for an address, and for the first of several elements.

A wait looks for what it waits for, and for nothing else. A status, a banner, a blank moment or a lost script never ends
it; they explain it when it is over. It ends early only where nothing on the page can still bring what is awaited.
"""

from __future__ import annotations

import re
import time
from functools import reduce

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.hostile_text import cut
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.document_watch import DocumentWatch
from firstbell.journeys.stage.pages.page_state import PageState, read_page_state

# The interval at which a wait checks whether it can still succeed.
PAGE_READ_MS = 500
SLOW = "slow"
"""The sign of a page that has begun and did not end in time: each of its parts may have been answered."""
# The time and the number of looks for which a page must have been without a prospect. A click that was just made may
# still begin to load, and on a busy machine that takes a second.
INERT_S = 2.0
INERT_LOOKS = 4
# The time for which an error document with scripts is given the benefit of the doubt: an app that a server sends with
# the status of an error draws itself sooner (Lighthouse calls a largest paint after 4 s poor).
ERROR_DOCUMENT_S = 5.0

_WAITED_FOR = re.compile(r"waiting for (.+?)(?:\.first)?(?: to be visible)?$", re.MULTILINE)
_AWAITED_LIMIT = 120


def open_address(page: Page, watch: DocumentWatch, url: str, *, limit_s: float) -> None:
    """Open an address as if typed. Raises Broken where the answer is an error whose page offers no way on, or
    has begun and does not end."""
    deadline = time.monotonic() + limit_s
    page.goto(url, wait_until="commit")
    try:
        page.wait_for_load_state("domcontentloaded", timeout=max(1.0, (deadline - time.monotonic()) * 1000))
    except PlaywrightTimeout:  # It tells the last part of the wait only.
        raise Broken(f"the page was not loaded to its end (waited {limit_s:.0f} s)", sign=SLOW) from None
    if not watch.refused:
        return
    prospect = Prospect(page, watch)
    while watch.refused and not ((state := prospect.read()) and state.is_usable):
        if prospect.is_lost or time.monotonic() >= deadline:
            raise Broken(watch.refused, sign=state.signs.sign if state else "")
        page.wait_for_timeout(PAGE_READ_MS)


def wait_for_first(
    page: Page, watch: DocumentWatch, signs: tuple[Locator, ...], *, limit_s: float, waited_s: float = 0.0
) -> Locator:
    """Wait until one of several elements is visible, and return it. Raises Broken when the time is over, or as soon as
    nothing on the page can bring any of them, with what is there instead. `waited_s`: the time before this call, for
    the message."""
    began = time.monotonic()
    either = reduce(Locator.or_, signs).first
    prospect = Prospect(page, watch)
    while True:
        left_ms = (began + limit_s - time.monotonic()) * 1000
        try:
            either.wait_for(timeout=max(1.0, min(PAGE_READ_MS, left_ms)))
        except PlaywrightTimeout as error:
            state = prospect.read()
            if left_ms > PAGE_READ_MS and not prospect.is_lost:
                continue
            waited_s += time.monotonic() - began
            raise _broken(watch, state, f"{_awaited(error)} is not there (waited {waited_s:.0f} s)") from None
        if found := next((sign for sign in signs if len(signs) == 1 or sign.first.is_visible()), None):
            return found


class Prospect:
    """Whether a page can still change by itself, judged from one look to the next. `is_lost`: it cannot. Looks are
    PAGE_READ_MS apart."""

    def __init__(self, page: Page, watch: DocumentWatch) -> None:
        self._page = page
        self._watch = watch
        self._without_since: float | None = None
        self._without_looks = 0
        self._error_since: float | None = None
        self.is_lost = False

    def read(self) -> PageState | None:
        """Look at the page. None when it does not answer."""
        watch, now = self._watch, time.monotonic()
        state = read_page_state(self._page, "", watch.asked, watch.lost_scripts)
        is_inert = watch.unreachable is not None or (state is not None and state.is_inert and not watch.refreshes)
        # Another page may send an empty one on.
        is_settled = not watch.is_loading and self._page.url != "about:blank"
        self._without_since = (self._without_since or now) if is_settled and is_inert else None
        self._without_looks = self._without_looks + 1 if self._without_since else 0
        self._error_since = (self._error_since or now) if is_settled and watch.refused else None
        is_without = self._without_looks >= INERT_LOOKS and _lasted(self._without_since, now, INERT_S)
        self.is_lost = is_without or _lasted(self._error_since, now, ERROR_DOCUMENT_S)
        return state


def _lasted(began: float | None, now: float, wanted_s: float) -> bool:
    return began is not None and now - began >= wanted_s


def _broken(watch: DocumentWatch, state: PageState | None, missing: str) -> Broken:
    """The failure of a wait: the likeliest reason that the page gives, and `missing`, what was awaited for how long."""
    sign = state.signs.sign if state else ""
    if (lost := watch.unreachable) is not None:
        return Broken(f"{lost.said}; {missing}", unresolved=lost.unresolved)
    if watch.refused:
        return Broken(f"{watch.refused}; {missing}", sign=sign)
    if state is None:
        return Broken(f"the page does not answer; {missing}")
    signs = state.signs
    if sign:
        return Broken(f'the page says "{signs.text[:_AWAITED_LIMIT] or signs.title}"; {missing}', sign=sign)
    if signs.is_blank:
        lost_script = next(iter(watch.lost_scripts.values()), "")
        return Broken(
            f"the page stays blank{f': {lost_script}' if lost_script else ''}; {missing}",
            sign="blank" if lost_script else "",
        )
    return Broken(f'{missing}; the page shows "{signs.title}"' if signs.title else f"{missing}; the page has no title")


def _awaited(error: PlaywrightTimeout) -> str:
    """The element that a wait was for, as Playwright writes it."""
    found = _WAITED_FOR.search(error.message)
    return cut(" ".join(found[1].split()), _AWAITED_LIMIT) if found else "the expected element"
