"""The browser and device of each actor, and browser contexts for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from firstbell.journeys.stage.ending import JourneyError
from firstbell.runner.config.browsers import BROWSER_KINDS
from firstbell.runner.config.devices import devices

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Playwright

    from firstbell.journeys.stage.service import Account
    from firstbell.runner.diagnosis.location import Location

BROWSERS_TEXT_LIMIT = 80
"""The length of the column `attempts.browser`."""


class UnknownDevice(JourneyError):
    """An account names a device that this Playwright does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorBrowser:
    """The browser and device of one actor. `is_usual`: the session has that browser open. A computer has no device."""

    browser: str
    device: str
    is_usual: bool


def browser_of_actor(account: Account, *, journey: str, usual: str, overrides: Collection[str] = ()) -> ActorBrowser:
    """Returns an actor's browser: the account's before the journey's before the usual one.

    Choices on the command line, `overrides` ("browser", "device"), hold for all actors.
    """
    browser = usual if "browser" in overrides else account.browser or journey or usual
    return ActorBrowser(
        browser=browser, device="" if "device" in overrides else account.device, is_usual=browser == usual
    )


def device_options(device: str, known: Mapping[str, Mapping[str, Any]], taken: Collection[str] = ()) -> dict[str, Any]:
    """Returns the context options of a device, without those in `taken`. Raises UnknownDevice."""
    if not device:
        return {}
    if device not in known:
        raise UnknownDevice(f"this Playwright knows no device '{device}'; correct the account's device")
    return {key: value for key, value in known[device].items() if key not in taken}


def open_context(
    new_context: Callable[..., BrowserContext],
    device: str,
    known: Mapping[str, Mapping[str, Any]],
    location: Location,
    fixed: Collection[str] = (),
) -> BrowserContext:
    """Opens a browser context for a device at a location. `known` are Playwright's devices; options whose names are in
    `fixed` keep the values of `new_context`, whatever the device says. Raises UnknownDevice."""
    return new_context(**device_options(device, known, fixed) | location.context_options)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserInUse:
    """The browser and the device of one actor in a run. `shortfall` says what of the device is only an appearance."""

    actor: str
    browser: str
    version: str
    device: str = ""
    shortfall: str = ""

    def __str__(self) -> str:
        return self.forms[0]

    @property
    def forms(self) -> tuple[str, str, str, str]:
        """The text in full, then with the major version, then with the device's name alone, then without it."""
        full, short = f"{self.browser} {self.version}", f"{self.browser} {self.version.partition('.')[0]}"
        if not self.device:
            return full, short, short, short
        device = f"({self.actor}: {self.shortfall or self.device})"
        return f"{full} {device}", f"{short} {device}", f"{short} ({self.actor} as {self.device})", short


def browser_in_use(actor: str, account: Account, engine: str, version: str) -> BrowserInUse:
    """Returns the browser and the device of an actor."""
    device = devices().get(account.device)
    shortfall = device.shortfall(BROWSER_KINDS[engine]) if device and engine in BROWSER_KINDS else ""
    return BrowserInUse(
        actor=actor, browser=account.browser or engine, version=version, device=account.device, shortfall=shortfall
    )


def browsers_text(browsers: Collection[BrowserInUse]) -> str:
    """Returns the browsers of an attempt in at most BROWSERS_TEXT_LIMIT characters: in full, or else with shorter
    versions, then with shorter devices, then without devices, then without the last browsers."""
    if not browsers:
        return ""
    texts: list[str] = []
    for forms in zip(*(browser.forms for browser in browsers), strict=True):
        texts = list(dict.fromkeys(forms))
        if len(text := ", ".join(texts)) <= BROWSERS_TEXT_LIMIT:
            return text
    counts = range(len(texts) - 1, 0, -1)
    cut = (f"{', '.join(texts[:count])} and {len(texts) - count} more" for count in counts)
    return next((text for text in cut if len(text) <= BROWSERS_TEXT_LIMIT), f"{len(texts)} browsers")


@dataclass(slots=True, kw_only=True)
class OtherBrowsers:
    """The browsers of a session besides its own: each is launched at first use and stays open."""

    playwright: Playwright
    launching: Mapping[str, Any]
    executable: str = ""
    egress: tuple[Location, Path | None] | None = None
    _open: dict[str, Browser] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def browser(self, name: str) -> Browser:
        """Returns the browser of a name. Launches a crashed one again. Raises NoBrowser."""
        from firstbell.runner.execution.browsers.discovery import find_browser, is_headed, launch_options  # noqa: PLC0415  # it reads Playwright's list

        found = self._open.get(name)
        if found is None or not found.is_connected():
            kind = BROWSER_KINDS[name]
            headed = is_headed(self.launching, os.environ)
            options = launch_options(find_browser(self.executable, name, headed=headed), self.egress)
            found = getattr(self.playwright, kind.engine).launch(**{**self.launching, **options})
            self._stack.callback(found.close)
            self._open[name] = found
        return found

    def close(self) -> None:
        """Closes all launched browsers."""
        self._stack.close()


def context_opener(browser: Browser, options: Mapping[str, Any], cleanup: ExitStack) -> Callable[..., BrowserContext]:
    """Returns a function that opens contexts in another browser than the session's, closed by `cleanup`."""

    def open_context(**more: Any) -> BrowserContext:
        context = browser.new_context(**{**options, **more})
        cleanup.callback(context.close)
        return context

    return open_context
