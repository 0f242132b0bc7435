"""Who plays in which browser, and what in the file no such browser can do."""

from __future__ import annotations

from collections.abc import Iterator

from firstbell.runner.config.browsers import BROWSER_KINDS, BrowserKind
from firstbell.runner.config.cross_checks import Mistake
from firstbell.runner.config.devices import Device, devices
from firstbell.runner.config.model import Settings
from firstbell.runner.config.toml_positions import KeyPath


def browser_kinds_of(settings: Settings) -> dict[KeyPath, BrowserKind]:
    """Every browser that is asked for, by the key that asks for it; the one of [browser] first."""
    asked: dict[KeyPath, str] = {("browser", "name"): settings.browser.name}
    asked |= {("accounts", name, "browser"): account.browser for name, account in settings.accounts.items()}
    asked |= {("journeys", name, "browser"): journey.browser for name, journey in settings.journeys.items()}
    return {path: BROWSER_KINDS[name] for path, name in asked.items() if name}


def devices_and_browsers(settings: Settings) -> Iterator[tuple[KeyPath, Device, BrowserKind]]:
    """Every device that somebody holds, with each browser that it may be played in: the account's own, or whatever
    the journey or [browser] says."""
    kinds = browser_kinds_of(settings)
    for name, account in settings.accounts.items():
        if (device := devices().get(account.device)) is None:
            continue
        own = kinds.get(("accounts", name, "browser"))
        others = dict.fromkeys(kind for path, kind in kinds.items() if path[0] != "accounts")
        for kind in [own] if own else others:
            yield ("accounts", name, "device"), device, kind


def browser_mistakes(settings: Settings) -> Iterator[Mistake]:
    """What is asked of a browser that cannot do it."""
    if settings.browser.executable and settings.browser.name != "chromium":
        said = 'a path is for chromium; leave it out, or write name = "chromium"'
        yield ("browser", "executable"), said
    for path, device, kind in devices_and_browsers(settings):
        if device.is_mobile and kind.engine == "firefox":
            said = f'Playwright\'s Firefox cannot be a mobile device; give this account browser = "{device.engine}"'
            yield path, said
    foreign = [(path, kind) for path, kind in browser_kinds_of(settings).items() if not kind.is_chromium]
    if not foreign:
        return
    path, kind = foreign[0]
    where = f"'{kind.name}' is asked for by {'.'.join(map(str, path))}"
    for name, location in settings.locations.items():
        if location.network:
            yield ("locations", name, "network"), f"only Chromium can be given a network like that; {where}"
        if location.ca:
            yield ("locations", name, "ca"), f"only Chromium can be told to trust an authority here; {where}"
    if settings.school.practice and settings.practice.tls:
        yield ("practice", "tls"), f"only Chromium can be told to trust the practice school's authority; {where}"
