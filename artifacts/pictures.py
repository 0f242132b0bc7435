"""Pictures of pages, in bounded time and with masks, and the hiding of secrets in the pages themselves."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

from firstbell.compat.playwright import read_untraced
from firstbell.secret_words import FIELD_PART, FIELD_WHOLE

# A picture waits for the page's fonts and can hang on them (microsoft/playwright#28226); the run goes on without it.
PICTURE_LIMIT_MS = 3000
# JPEG at this quality keeps small print readable at a sixth of a PNG's size.
PICTURE_QUALITY = 70
# Fewer letters of a secret are the beginning of many words, such as a user name.
SHORTEST_BEGINNING = 4
_HIDE = Path(__file__).with_name("hidden_fields.js").read_text("utf-8")


def hide_secrets(context: BrowserContext, known: Iterable[str]) -> None:
    """Hide what stands in fields for passwords and codes, in all pages of a context from now on; and in any field that
    holds a `known` secret, or half of one. Call it before a trace begins, which would keep the script."""
    salt = secrets.randbits(32)
    # A page can neither read the script nor what it knows; it is given no secret all the same.
    hashes = sorted({_hash(form, salt) for value in known for form in _beginnings(value)})
    given = json.dumps({"part": FIELD_PART, "whole": FIELD_WHOLE, "known": hashes, "salt": salt})
    script = f"({_HIDE.strip()})({given})"
    context.add_init_script(script)
    if frames := [frame for page in context.pages for frame in page.frames if frame.url not in ("", "about:blank")]:
        with suppress(PlaywrightError, AttributeError, TypeError):  # Its calls are private.
            read_untraced(context, frames, script, PICTURE_LIMIT_MS / 1000)


def hosts_of(page: Page) -> tuple[str, ...]:
    """Return the hosts of all frames of a page, with ports, as they are known now; asks the browser nothing. None is
    known of a page without an address, such as a window that another page has written."""
    main, *others = (urlsplit(frame.url.removeprefix("blob:")).netloc.rpartition("@")[2] for frame in page.frames)
    return tuple(sorted({host for host in (main, *others) if host})) if main else ()


def _beginnings(value: str) -> Iterator[str]:
    for length in range(max(SHORTEST_BEGINNING, -(-len(value) // 2)), len(value) + 1):
        yield value[:length]


def _hash(text: str, salt: int) -> int:
    """FNV-1a of UTF-16 units, as the script has it."""
    hashed = 0x811C9DC5 ^ salt
    units = text.encode("utf-16-le", "surrogatepass")
    for at in range(0, len(units), 2):
        hashed = ((hashed ^ int.from_bytes(units[at : at + 2], "little")) * 0x01000193) & 0xFFFFFFFF
    return hashed


class Pictures:
    """Takes pictures of the pages of one browser context. No picture shows a selector of `mask`."""

    def __init__(self, mask: tuple[str, ...]) -> None:
        self._mask = mask
        self._sessions: dict[Page, CDPSession | None] = {}

    def quick(self, page: Page) -> bytes:
        """Take a picture of a page that has just passed a step, directly from Chromium: in half the time of
        Playwright's, which waits for two frames. Raises Playwright's error in bounded time."""
        session = self._session(page)
        if session is None or self._mask:
            return self.careful(page)
        options = {"format": "jpeg", "quality": PICTURE_QUALITY, "optimizeForSpeed": True}
        taken = session.send("Page.captureScreenshot", options, timeout=PICTURE_LIMIT_MS)
        return base64.b64decode(taken["data"])

    def careful(self, page: Page) -> bytes:
        """Take a picture of any page. Raises Playwright's error within twice PICTURE_LIMIT_MS."""
        # Asked first: a trace takes a snapshot of the page before a screenshot, and that has no limit.
        if (session := self._session(page)) is not None:
            session.send("Runtime.evaluate", {"expression": "0"}, timeout=PICTURE_LIMIT_MS)
        return page.screenshot(
            type="jpeg",
            quality=PICTURE_QUALITY,
            timeout=PICTURE_LIMIT_MS,
            mask=[page.locator(selector) for selector in self._mask],
        )

    def _session(self, page: Page) -> CDPSession | None:
        """The page's DevTools session; None in another browser than Chromium."""
        if page not in self._sessions:
            try:
                self._sessions[page] = page.context.new_cdp_session(page)
            except PlaywrightError:
                self._sessions[page] = None
        return self._sessions[page]
