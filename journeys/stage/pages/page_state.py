"""Reads the state of a page that does not show the expected element, in bounded time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from firstbell.journeys.stage.pages.page_signs import TEXT_LIMIT, TITLE_LIMIT, PageSigns, printable, sign_of

# A page that is alive answers in milliseconds; one that hangs is not waited for.
PAGE_READ_MS = 1000.0

# One question, so that a page that changes meanwhile does not answer half before and half after.
PAGE_STATE_SCRIPT = Path(__file__).with_name("page_state.js").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """The signs of a page, and its prospects: `is_usable` if it offers anything to go on with (a field, a link, a
    frame, a player, an app's text), `is_inert` if nothing on it can change it: no script, refresh, frame or
    animation."""

    signs: PageSigns
    is_usable: bool
    is_inert: bool


def read_page_state(page: Page, actor: str, asked: str = "", lost_scripts: Collection[str] = ()) -> PageState | None:
    """The state of a page now; None when it does not answer. `asked` is the host that was asked first, `lost_scripts`
    are the addresses of scripts that did not load."""
    try:
        # Unlike an evaluation this has a time limit, and a page may hang.
        state: dict[str, Any] = page.wait_for_function(
            PAGE_STATE_SCRIPT, arg=list(lost_scripts), timeout=PAGE_READ_MS
        ).json_value()
    except PlaywrightError:
        return None
    title, text = printable(state["title"], TITLE_LIMIT), printable(state["text"], TEXT_LIMIT)
    heading = printable(state["heading"], TITLE_LIMIT)
    signs = PageSigns(
        actor=actor,
        host=urlsplit(page.url).hostname or "",
        asked=asked,
        title=title,
        text=text,
        sign=sign_of(title, heading, text, int(state["letters"]), can_go_on=bool(state["can_go_on"])),
        is_blank=bool(state["is_blank"]),
        asks_to_sign_in=bool(state["asks_to_sign_in"]),
    )
    return PageState(signs=signs, is_usable=bool(state["is_usable"]), is_inert=bool(state["is_inert"]))


def read_page_signs(page: Page, actor: str, asked: str = "") -> PageSigns | None:
    """The signs of a page now; None when it does not answer."""
    state = read_page_state(page, actor, asked)
    return state.signs if state else None
