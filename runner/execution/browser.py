"""Which browser plays: the configured one, Playwright's own download, or a Chrome, Chromium or Edge on this machine."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import playwright

from journeys.media.camera import LAUNCH_ARGS
from runner.diagnosis.location import Location, Network

if TYPE_CHECKING:
    from playwright.sync_api import Page

ON_PATH = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
)
IN_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


class NoBrowser(Exception):
    """There is no browser to play with, and the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser that was found. `path` is None for Playwright's own, which Playwright finds by itself."""

    path: Path | None
    origin: str

    def __str__(self) -> str:
        return self.origin if self.path is None else f"{self.path} ({self.origin})"


def find_browser(configured: str = "") -> Browser:
    """The browser to play with, in the order above. Raises NoBrowser when there is none."""
    return choose(configured, own=playwright_has_its_own(), machine=browsers_on_machine())


def choose(configured: str, *, own: bool, machine: Sequence[Path]) -> Browser:
    """The order of preference. A configured path that does not exist is an error, not a reason to take another one."""
    if configured:
        path = Path(configured).expanduser()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise NoBrowser(f"browser.executable: {path} is not a program; correct the path or leave the key out")
        return Browser(path=path, origin="configured")
    if own:
        return Browser(path=None, origin="Playwright's own Chromium")
    if machine:
        return Browser(path=machine[0], origin="found on this machine")
    raise NoBrowser("no browser found; run: firstbell browser install")


def browsers_on_machine() -> list[Path]:
    """Chrome, Chromium and Edge on this machine, the preferred one first."""
    names = [found for name in ON_PATH if (found := shutil.which(name))]
    return [Path(name) for name in (*names, *IN_APPLICATIONS) if Path(name).is_file()]


def playwright_has_its_own() -> bool:
    """Whether Playwright has downloaded the Chromium and the headless shell that its version asks for."""
    folder = _download_folder()
    revisions = _wanted_revisions()
    names = {"chromium": "chromium", "chromium-headless-shell": "chromium_headless_shell"}
    return all((folder / f"{names[name]}-{revisions[name]}" / "INSTALLATION_COMPLETE").exists() for name in names)


def _wanted_revisions() -> dict[str, str]:
    package = Path(playwright.__file__).parent / "driver" / "package"
    listed = json.loads((package / "browsers.json").read_text())["browsers"]
    return {entry["name"]: entry["revision"] for entry in listed}


def _download_folder() -> Path:
    """Where Playwright keeps its downloads (its documentation, "Managing browser binaries")."""
    if chosen := os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "").strip("0"):
        return Path(chosen)
    caches = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return caches / "ms-playwright"


def launch_options(browser: Browser, way: tuple[Location, Path | None] | None = None) -> dict[str, Any]:
    """What `launch` needs beyond its defaults, for a location and a home folder in which it finds whom to trust.

    Chromium's sandbox cannot work as root, so only then it is off.
    """
    location, home = way or (Location(), None)
    args = [*LAUNCH_ARGS, *location.launch_args]
    options: dict[str, Any] = {"args": args, "chromium_sandbox": os.geteuid() != 0}
    if browser.path is not None:
        options["executable_path"] = str(browser.path)
    if home is not None:
        options["env"] = {**os.environ, "HOME": str(home)}
    return options


def throttle(page: Page, network: Network) -> None:
    """Make a page's connection what a home's is. Only Chromium can."""
    if network.conditions is not None:
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", network.conditions)
