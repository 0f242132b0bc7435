"""The browsers that a configuration can name: Playwright's own engines, and products that it starts by channel."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

CHROMIUM = "chromium"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserKind:
    """A browser that a configuration can name. `channel` is empty for Playwright's own downloads."""

    name: str
    engine: str
    channel: str = ""

    @property
    def is_chromium(self) -> bool:
        """True if it is built on Chromium, so that it can be throttled and reads Chromium's certificates."""
        return self.engine == CHROMIUM


CHANNELS = tuple(
    f"{product}{release}" for product in ("chrome", "msedge") for release in ("", "-beta", "-dev", "-canary")
)
BROWSER_KINDS: Mapping[str, BrowserKind] = {
    **{engine: BrowserKind(name=engine, engine=engine) for engine in (CHROMIUM, "firefox", "webkit")},
    **{channel: BrowserKind(name=channel, engine=CHROMIUM, channel=channel) for channel in CHANNELS},
}


def browser_kind_of(name: str) -> BrowserKind:
    """Returns the browser of a name. Raises ValueError with the names that exist."""
    if name not in BROWSER_KINDS:
        raise ValueError(f"this browser does not exist; {nearest_name(name, BROWSER_KINDS)}")
    return BROWSER_KINDS[name]


def nearest_name(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Returns a hint: the names nearest to `name`, else `otherwise`, else all known names."""
    near = difflib.get_close_matches(name, list(known), n=3)
    if near:
        return f"did you mean {' or '.join(repr(match) for match in near)}?"
    return otherwise or f"write one of: {', '.join(known)}"


def _known_browser(value: str) -> str:
    return browser_kind_of(value).name if value else value


BrowserName = Annotated[str, AfterValidator(_known_browser), Field(examples=["firefox", "msedge"])]
