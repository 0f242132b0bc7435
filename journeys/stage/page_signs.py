"""What a page says of itself when a step fails on it: its title, its words, whether it is blank.

Only text that people could read is taken, and it is bounded: what stands on a page is hostile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

TEXT_LIMIT = 600
TITLE_LIMIT = 120
# A page with a class on it says more than this; one that stands in for it says less.
SHORT = 400
# A page that is alive answers in milliseconds; one that hangs is not waited for.
GLANCE_MS = 1000.0

# One question, so that a page that changes meanwhile does not answer half before and half after.
LOOK = """() => {
  const shown = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const text = (document.body?.innerText ?? '').trim();
  const pictures = [...document.querySelectorAll('img, video, canvas, svg')].filter(shown).length;
  const ways = [...document.querySelectorAll('a, button')].filter(shown).map(way => way.innerText.trim());
  const secrets = [...document.querySelectorAll('input[type=password]')].filter(shown).length;
  return {
    title: document.title,
    heading: document.querySelector('h1, h2')?.innerText ?? '',
    text: text.slice(0, 3000),
    letters: text.length,
    is_blank: document.readyState === 'complete' && text.length === 0 && pictures === 0,
    asks_to_sign_in: secrets > 0 || ways.some(way => /^(sign|log) ?in$/i.test(way)),
  };
}"""

SIGNS: Mapping[str, re.Pattern[str]] = {
    "client-certificate": re.compile(r"(device|client)('s)? certificate", re.IGNORECASE),
    "captive-portal": re.compile(r"(guest|free|public) wi-?fi|accept the terms to (connect|go on)line", re.IGNORECASE),
    "maintenance": re.compile(r"\bmaintenance\b|down for (repairs|an upgrade)|we('ll| will) be back", re.IGNORECASE),
    "capacity": re.compile(
        r"too many (people|users|requests|participants)|at (full )?capacity|(class|room|meeting) is full", re.IGNORECASE
    ),
    "account-locked": re.compile(r"account (is|has been) (locked|disabled|suspended)", re.IGNORECASE),
    "redirect-loop": re.compile(r"redirected (you )?too many times|ERR_TOO_MANY_REDIRECTS", re.IGNORECASE),
}
"""Words by which pages that stand in for others give themselves away, and the cause that each speaks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSigns:
    """What an actor's page showed. `host` is whose address it stands at, without a port; `sign` the cause that its
    words speak for, or nothing. `asks_to_sign_in`: it offers a way to sign in."""

    actor: str
    host: str
    title: str = ""
    text: str = ""
    sign: str = ""
    is_blank: bool = False
    asks_to_sign_in: bool = False


def signs_on(page: Page, actor: str) -> PageSigns | None:
    """What a page shows now; None when it cannot be asked."""
    try:
        # Unlike an evaluation this has a time limit, and a page may hang.
        told: dict[str, Any] = page.wait_for_function(LOOK, timeout=GLANCE_MS).json_value()
    except PlaywrightError:
        return None
    title, text = printable(told["title"], TITLE_LIMIT), printable(told["text"], TEXT_LIMIT)
    return PageSigns(
        actor=actor,
        host=urlsplit(page.url).hostname or "",
        title=title,
        text=text,
        sign=sign_of(f"{title} {printable(told['heading'], TITLE_LIMIT)}", text if told["letters"] < SHORT else ""),
        is_blank=bool(told["is_blank"]),
        asks_to_sign_in=bool(told["asks_to_sign_in"]),
    )


def sign_of(head: str, words: str) -> str:
    """The cause that a page's title and heading, or the words of a short page, speak for; nothing if none.

    A long page may mention that there will be maintenance on Saturday; a page that says so in its heading, or says
    nothing else, stands in for the one that was wanted.
    """
    return next((sign for sign, pattern in SIGNS.items() if pattern.search(head) or pattern.search(words)), "")


def printable(text: str, limit: int) -> str:
    """One bounded line of what can be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * limit]).split())[:limit]
