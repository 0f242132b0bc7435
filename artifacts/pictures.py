"""Pictures of pages, in bounded time and with masks."""

from __future__ import annotations

import base64
import json

from playwright.sync_api import CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

# A picture waits for the page's fonts and can hang on them (microsoft/playwright#28226); the run goes on without it.
PICTURE_LIMIT_MS = 3000
# JPEG at this quality keeps small print readable at a sixth of a PNG's size.
PICTURE_QUALITY = 70
# Masked: a one-time code is valid for a while after the picture was taken.
ONE_TIME_CODE = "input[autocomplete='one-time-code']"
HAS_CODE_FIELD = """(() => {
  const has = root => !!root.querySelector(SELECTOR)
    || [...root.querySelectorAll("*")].some(one => one.shadowRoot && has(one.shadowRoot));
  return has(document);
})()""".replace("SELECTOR", json.dumps(ONE_TIME_CODE))


class Pictures:
    """Takes pictures of the pages of one browser context. No picture shows a selector of `mask`."""

    def __init__(self, mask: tuple[str, ...]) -> None:
        self._mask = mask
        self._sessions: dict[Page, CDPSession | None] = {}

    def quick(self, page: Page) -> bytes:
        """Take a picture of a page that has just passed a step, directly from Chromium: in half the time of
        Playwright's, which waits for two frames. Raises Playwright's error in bounded time."""
        session = self._session(page)
        if session is None or self._mask or self._has_code_field(session):
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
            mask=[page.locator(selector) for selector in (ONE_TIME_CODE, *self._mask)],
        )

    def _session(self, page: Page) -> CDPSession | None:
        """The page's DevTools session; None in another browser than Chromium."""
        if page not in self._sessions:
            try:
                self._sessions[page] = page.context.new_cdp_session(page)
            except PlaywrightError:
                self._sessions[page] = None
        return self._sessions[page]

    def _has_code_field(self, session: CDPSession) -> bool:
        options = {"expression": HAS_CODE_FIELD, "returnByValue": True}
        answer = session.send("Runtime.evaluate", options, timeout=PICTURE_LIMIT_MS)
        return answer["result"].get("value") is not False
