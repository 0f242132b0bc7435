"""Waits of an actor on a page: for an address, and for the first of several signs."""

from __future__ import annotations

import time
from functools import reduce

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.document_watch import DocumentWatch
from firstbell.journeys.stage.pages.page_state import read_page_signs

# The interval at which a wait checks whether it can still succeed.
PAGE_READ_MS = 500


def open_address(page: Page, watch: DocumentWatch, url: str, *, limit_s: float) -> None:
    """Open an address as if typed. Raises Broken at once when the answer is an error page."""
    deadline = time.monotonic() + limit_s
    page.goto(url, wait_until="commit")
    while True:
        left_ms = (deadline - time.monotonic()) * 1000
        try:
            page.wait_for_load_state("domcontentloaded", timeout=max(1.0, min(PAGE_READ_MS, left_ms)))
            break
        except PlaywrightTimeout:
            _raise_if_impossible(page, watch)
            if left_ms <= PAGE_READ_MS:
                raise
    _raise_if_impossible(page, watch)


def wait_for_first(page: Page, watch: DocumentWatch, signs: tuple[Locator, ...], *, limit_s: float) -> Locator:
    """Wait until one of several signs is visible, and return it. Raises Broken as soon as none can appear."""
    deadline = time.monotonic() + limit_s
    either = reduce(Locator.or_, signs).first
    while True:
        left_ms = (deadline - time.monotonic()) * 1000
        try:
            either.wait_for(timeout=max(1.0, min(PAGE_READ_MS, left_ms)))
        except PlaywrightTimeout:
            _raise_if_impossible(page, watch)
            if left_ms > PAGE_READ_MS:
                continue
            raise
        return signs[0] if len(signs) == 1 else next(sign for sign in signs if sign.first.is_visible())


def _raise_if_impossible(page: Page, watch: DocumentWatch) -> None:
    """Raise Broken where the wait cannot succeed: an error page, a stand-in page, a lost script."""
    found = read_page_signs(page, "", watch.asked)
    if (lost := watch.lost) is not None:
        raise Broken(lost.said, sign=found.sign if found else "", unresolved=lost.unresolved)
    if found is not None and found.sign:
        raise Broken(f'the page says "{found.text[:120] or found.title}"', sign=found.sign)
    if found is not None and found.is_blank and watch.lost_script:
        raise Broken(f"the page stays blank: {watch.lost_script}", sign="blank")
