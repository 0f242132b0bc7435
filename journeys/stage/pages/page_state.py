"""Reads the state of a page that does not show the expected element, in bounded time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from firstbell.journeys.stage.pages.page_signs import TEXT_LIMIT, TITLE_LIMIT, PageSigns, printable, sign_of

# A page that is alive answers in milliseconds; one that hangs is not waited for.
PAGE_READ_MS = 1000.0

# One question, so that a page that changes meanwhile does not answer half before and half after.
PAGE_STATE_SCRIPT = """() => {
  const shown = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const text = (document.body?.innerText ?? '').trim();
  const pictures = [...document.querySelectorAll('img, video, canvas, svg')].filter(shown).length;
  const ways = [...document.querySelectorAll('a, button')].filter(shown).map(way => way.innerText.trim());
  const secrets = [...document.querySelectorAll('input[type=password]')].filter(shown).length;
  return {
    title: document.title.slice(0, 1000),
    heading: (document.querySelector('h1, h2')?.innerText ?? '').slice(0, 1000),
    text: text.slice(0, 3000),
    letters: text.length,
    is_blank: document.readyState === 'complete' && text.length === 0 && pictures === 0,
    asks_to_sign_in: secrets > 0 || ways.some(way => /^(sign|log) ?in$/i.test(way)),
  };
}"""


def read_page_signs(page: Page, actor: str, asked: str = "") -> PageSigns | None:
    """The signs of a page now; None when it does not answer. `asked` is the host that was asked first."""
    try:
        # Unlike an evaluation this has a time limit, and a page may hang.
        state: dict[str, Any] = page.wait_for_function(PAGE_STATE_SCRIPT, timeout=PAGE_READ_MS).json_value()
    except PlaywrightError:
        return None
    title, text = printable(state["title"], TITLE_LIMIT), printable(state["text"], TEXT_LIMIT)
    return PageSigns(
        actor=actor,
        host=urlsplit(page.url).hostname or "",
        asked=asked,
        title=title,
        text=text,
        sign=sign_of(title, printable(state["heading"], TITLE_LIMIT), text, int(state["letters"])),
        is_blank=bool(state["is_blank"]),
        asks_to_sign_in=bool(state["asks_to_sign_in"]),
    )
