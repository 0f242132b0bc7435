"""What a page says of itself when a step fails on it, and the cause that its words speak for.

Only text that people could read is taken, and it is bounded: what stands on a page is hostile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

TEXT_LIMIT = 600
TITLE_LIMIT = 120
# A page with a class on it says more than this; one that stands in for it says less.
SHORT = 400
# What stands in for a page has a line or two, perhaps with a footer. A page that says more than this has a class list,
# news, a course that is called "Auto maintenance": its heading is part of what it tells.
LONG = 2000

SIGNS: Mapping[str, re.Pattern[str]] = {
    "client-certificate": re.compile(r"(device|client)('s)? certificate", re.IGNORECASE),
    "captive-portal": re.compile(r"(guest|free|public) wi-?fi|accept the terms to (connect|go on)line", re.IGNORECASE),
    "maintenance": re.compile(
        r"\b(under|undergoing|for|scheduled|planned|system|site|server|emergency|routine|ongoing) maintenance\b"
        r"|\bmaintenance (mode|page|window|break|in progress|is under way)\b|^\W*maintenance\W*$"
        r"|down for (repairs|an upgrade)|we('ll| will) be (right )?back",
        re.IGNORECASE,
    ),
    "capacity": re.compile(
        r"too many (people|users|requests|participants)|at (full )?capacity|(class|room|meeting) is full", re.IGNORECASE
    ),
    "account-locked": re.compile(r"account (is|has been) (locked|disabled|suspended)", re.IGNORECASE),
    "redirect-loop": re.compile(r"redirected (you )?too many times|ERR_TOO_MANY_REDIRECTS", re.IGNORECASE),
}
"""Words by which pages that stand in for others give themselves away, and the cause that each speaks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSigns:
    """What an actor's page showed. `host` is whose address it stands at, `asked` whose was asked for it before anybody
    sent on elsewhere, both without a port; `sign` the cause that its words speak for, or nothing. `asks_to_sign_in`:
    it offers a way to sign in."""

    actor: str
    host: str
    asked: str = ""
    title: str = ""
    text: str = ""
    sign: str = ""
    is_blank: bool = False
    asks_to_sign_in: bool = False


def sign_of(title: str, heading: str, text: str, letters: int) -> str:
    """The cause that a page's title and heading, or the words of a short page, speak for; nothing if none. `letters` is
    how much stands on it in all.

    A long page may mention that there will be maintenance on Saturday; a page that says so in its heading, or says
    nothing else, stands in for the one that was wanted.
    """
    if letters >= LONG:
        return ""
    told = (title, heading, text if letters < SHORT else "")
    return next((sign for sign, pattern in SIGNS.items() if any(map(pattern.search, told))), "")


def printable(text: str, limit: int) -> str:
    """One bounded line of what can be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * limit]).split())[:limit]
