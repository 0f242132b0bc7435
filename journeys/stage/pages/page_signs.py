"""The signs of a page on which a step failed, and the cause that its words stand for.

Only text that people could read is taken, and it is bounded: the text of a page is hostile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from firstbell.hostile_text import cut

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
"""Cause -> words by which a stand-in page is recognised."""
ANNOUNCED = frozenset({"maintenance"})
"""Causes that a page announces for another day, while it works today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSigns:
    """The content of an actor's page. `host` is the host of its address, `asked` the host that was asked first, before
    any redirect, both without a port; `sign` is the cause that its words stand for, or empty; `asks_to_sign_in` says
    that it offers a sign-in."""

    actor: str
    host: str
    asked: str = ""
    title: str = ""
    text: str = ""
    sign: str = ""
    is_blank: bool = False
    asks_to_sign_in: bool = False


def sign_of(title: str, heading: str, text: str, letters: int, *, can_go_on: bool = False) -> str:
    """The cause that a page's title and heading, or the words of a short page, stand for; empty if none. `letters` is
    the length of its whole text; `can_go_on` says that it has a field to fill in or a way to sign in.

    A long page may mention that there will be maintenance on Saturday, and so may a short one on which one can go on;
    a page that says so in its heading, or says nothing else, stands in for the one that was wanted.
    """
    if letters >= LONG:
        return ""
    texts = (title, heading, text if letters < SHORT else "")
    found = (sign for sign, pattern in SIGNS.items() if any(map(pattern.search, texts)))
    return next((sign for sign in found if not (can_go_on and sign in ANNOUNCED)), "")


def printable(text: str, limit: int) -> str:
    """One bounded line of what can be printed."""
    return cut(text, limit, as_line=True)
