"""The browsers that can be asked for by name: Playwright's own engines, and products that it starts by its channels."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

CHROMIUM = "chromium"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserKind:
    """A browser as a configuration names it. `channel` is empty for Playwright's own downloads."""

    name: str
    engine: str
    channel: str = ""

    @property
    def is_chromium(self) -> bool:
        """Whether it is made of Chromium, so that it can be throttled and reads Chromium's certificates."""
        return self.engine == CHROMIUM


CHANNELS = tuple(f"{product}{ring}" for product in ("chrome", "msedge") for ring in ("", "-beta", "-dev", "-canary"))
BROWSER_KINDS: Mapping[str, BrowserKind] = {
    **{engine: BrowserKind(name=engine, engine=engine) for engine in (CHROMIUM, "firefox", "webkit")},
    **{channel: BrowserKind(name=channel, engine=CHROMIUM, channel=channel) for channel in CHANNELS},
}


def browser_kind_of(name: str) -> BrowserKind:
    """The browser of a name. Raises ValueError with the names that there are."""
    if name not in BROWSER_KINDS:
        raise ValueError(f"this browser is not known; {nearest_name(name, BROWSER_KINDS)}")
    return BROWSER_KINDS[name]


def nearest_name(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """What was perhaps meant; else what there is, or `otherwise`."""
    near = difflib.get_close_matches(name, list(known), n=3)
    if near:
        return f"did you mean {' or '.join(repr(one) for one in near)}?"
    return otherwise or f"there are: {', '.join(known)}"


def _known(value: str) -> str:
    return browser_kind_of(value).name if value else value


BrowserName = Annotated[str, AfterValidator(_known), Field(examples=["firefox", "msedge"])]
