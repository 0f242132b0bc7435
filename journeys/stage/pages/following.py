"""Follows a click to the tab or window that it opens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.stage.failures import Broken

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

    from firstbell.journeys.stage.pages.tabs import Tabs

# A page that opens a tab may go on itself as well, at the same moment or a little earlier.
GRACE_S = 1.0
PUMP_MS = 50.0
# An empty tab that a script sends on later, or writes into.
FILLED = '() => location.href !== "about:blank" || !!document.body?.childNodes.length'


@contextmanager
def follow(tabs: Tabs, *, limit_s: float) -> Iterator[None]:
    """Make the first tab or window that opens during the block the page in use, as soon as it has a content; stay in
    the page if it goes on itself and nothing opens. Raises Broken when neither happens within `limit_s` seconds."""
    start, before = tabs.in_use, set(tabs.opened)
    moved_at: list[float] = []

    def note_move(frame: Frame) -> None:
        if frame == start.main_frame:
            moved_at.append(time.monotonic())

    start.on("framenavigated", note_move)
    try:
        yield
        deadline = time.monotonic() + limit_s
        while (opened := _first_open(tabs, before)) is None:
            if tabs.in_use is not start or (moved_at and time.monotonic() - moved_at[0] >= GRACE_S):
                return
            if time.monotonic() >= deadline:
                raise Broken(f"no tab, window or other page opened within {limit_s:g} s")
            tabs.in_use.wait_for_timeout(PUMP_MS)
        if _is_filled(opened, max(deadline - time.monotonic(), GRACE_S)):
            tabs.use(opened)
    finally:
        start.remove_listener("framenavigated", note_move)


def _first_open(tabs: Tabs, before: set[Page]) -> Page | None:
    return next((page for page in tabs.opened if page not in before and not page.is_closed()), None)


def _is_filled(page: Page, limit_s: float) -> bool:
    """Wait until a new page has a content. False if it closes itself before. Raises Broken if it stays empty."""
    try:
        page.wait_for_function(FILLED, timeout=limit_s * 1000)
    except PlaywrightTimeout:
        raise Broken(f"the new tab stayed empty for {limit_s:.0f} s") from None
    except PlaywrightError:
        if page.is_closed():
            return False
        raise
    return True
