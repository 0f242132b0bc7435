"""The child process of a rehearsal: a browser, and a journey as pytest collects it, played by several people."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.runner.execution.browsers.discovery import find_browser, is_headed, launch_options, version_of
from firstbell.runner.rehearsal.arrivals import Cast
from firstbell.runner.rehearsal.cost import measure
from firstbell.runner.rehearsal.plays.fixtures import JourneyFixtures
from firstbell.runner.rehearsal.plays.session import play_in_session
from firstbell.runner.rehearsal.processes.group import PlayerGroup
from firstbell.runner.rehearsal.processes.observer import PlayerResources
from firstbell.runner.rehearsal.processes.part import Rehearsed
from firstbell.runner.rehearsal.processes.protocol import PlayersReady, PreparePlayers
from firstbell.runner.rehearsal.results.failure_evidence import FailureEvidenceSettings

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Browser, Playwright

    from firstbell.runner.execution.district import District
    from firstbell.runner.execution.supervision.pipe import WorkerEnd

GIVEN = ("teacher", "student", "actor", "school", "classroom", "district")
"""The fixtures of First Bell that a rehearsed journey may have."""


def run_players(end: WorkerEnd, district: District, prepare: PreparePlayers, known: KnownSecrets) -> None:
    """Opens a browser, reports it, and plays until the parent asks to end; without arrivals, measures the cost.

    Evidence of failures holds no `known` secret.
    """
    if not prepare.arrivals:
        _in_browser(district, prepare, lambda _playwright, browser, _name: end.send(measure(browser)))
        return

    def play(item: pytest.Function, is_own: Callable[[Path], bool]) -> None:
        fixtures = JourneyFixtures(item, is_own)
        fixtures.prepare(GIVEN)
        hosts = tuple(arrival.role for arrival in prepare.arrivals if not arrival.is_guest)
        guest = next(arrival.role for arrival in prepare.arrivals if arrival.is_guest)
        rehearsed = Rehearsed(item=item, fixtures=fixtures, cast=Cast(guest=guest, hosts=hosts), district=district)

        def play_in(playwright: Playwright, browser: Browser, name: str) -> None:
            version = version_of(browser)
            evidence = FailureEvidenceSettings(folder=prepare.keep, mask=prepare.mask, known=known)
            resources = PlayerResources(
                browser=browser, name=name, version=version, devices=playwright.devices, evidence=evidence
            )
            end.send(PlayersReady(browser=f"{name} {version}"))
            PlayerGroup(end, rehearsed, prepare, resources).play()

        _in_browser(district, prepare, play_in)

    folder = prepare.hello.config.parent if prepare.hello.config else Path.cwd()
    play_in_session(district, prepare.journey, play, folder=folder)


def _in_browser(district: District, prepare: PreparePlayers, use: Callable[[Playwright, Browser, str], None]) -> None:
    """Calls `use` with Playwright, a browser, and the browser's name."""
    headed = is_headed({"headless": not prepare.hello.headed}, os.environ)
    found = find_browser(district.browser, district.browser_name, headed=headed)
    options = launch_options(found, (district.location, district.home))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(headless=not headed, **options)
        use(playwright, browser, found.kind.name)
        browser.close()
