"""Checks which browser each account and journey asks for, and what that browser cannot do."""

from __future__ import annotations

from collections.abc import Iterator

from firstbell.runner.config.browsers import BROWSER_KINDS, BrowserKind
from firstbell.runner.config.cross_checks import Mistake
from firstbell.runner.config.devices import Device, devices
from firstbell.runner.config.model import Settings
from firstbell.runner.config.toml_positions import KeyPath


def browser_kinds_of(settings: Settings) -> dict[KeyPath, BrowserKind]:
    """Returns each requested browser by the key that requests it, the one of [browser] first."""
    names: dict[KeyPath, str] = {("browser", "name"): settings.browser.name}
    names |= {("accounts", name, "browser"): account.browser for name, account in settings.accounts.items()}
    names |= {("journeys", name, "browser"): journey.browser for name, journey in settings.journeys.items()}
    return {path: BROWSER_KINDS[name] for path, name in names.items() if name}


def devices_and_browsers(settings: Settings) -> Iterator[tuple[KeyPath, Device, BrowserKind]]:
    """Yields each account's device with each browser that may play it: the account's own, or else those of the journeys
    and of [browser]."""
    kinds = browser_kinds_of(settings)
    for name, account in settings.accounts.items():
        if (device := devices().get(account.device)) is None:
            continue
        own = kinds.get(("accounts", name, "browser"))
        others = dict.fromkeys(kind for path, kind in kinds.items() if path[0] != "accounts")
        for kind in [own] if own else others:
            yield ("accounts", name, "device"), device, kind


def browser_mistakes(settings: Settings) -> Iterator[Mistake]:
    """Yields settings that a requested browser cannot honour."""
    if settings.browser.executable and settings.browser.name != "chromium":
        yield ("browser", "executable"), 'a path is for Chromium only; leave it out, or write name = "chromium"'
    for path, device, kind in devices_and_browsers(settings):
        if device.is_mobile and kind.engine == "firefox":
            fix = f'give this account browser = "{device.engine}"'
            yield path, f"Playwright's Firefox cannot emulate a mobile device; {fix}"
    foreign = [(path, kind) for path, kind in browser_kinds_of(settings).items() if not kind.is_chromium]
    if not foreign:
        return
    path, kind = foreign[0]
    fix = f"leave this out, or change {'.'.join(map(str, path))}, which asks for '{kind.name}'"
    for name, location in settings.locations.items():
        if location.network:
            yield ("locations", name, "network"), f"only Chromium can imitate a network; {fix}"
        if location.ca:
            yield ("locations", name, "ca"), f"only Chromium can trust a certificate authority of your own; {fix}"
    if settings.school.practice and settings.practice.tls:
        yield ("practice", "tls"), f"only Chromium can trust the practice school's authority; {fix}"
