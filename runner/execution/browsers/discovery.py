"""Finds the browser to play in: the configured path, Playwright's own download, or for plain Chromium also one of its
family on this machine.

Plain Chromium has two programs. Headless attempts use its headless shell, which has no window and takes less processor
time; headed ones use the full browser. Playwright does the same with its own downloads when it is given no path.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstbell.compat.playwright_package import browser_revisions, package_folder
from firstbell.errors import FirstBellError
from firstbell.journeys.media.camera import FIREFOX_PREFS, LAUNCH_ARGS
from firstbell.journeys.stage.ending import JourneyError
from firstbell.runner.config.browsers import BROWSER_KINDS, CHROMIUM, BrowserKind
from firstbell.runner.diagnosis.location import Location, NetworkProfile

if TYPE_CHECKING:
    from playwright.sync_api import Browser as RunningBrowser
    from playwright.sync_api import Page

ON_PATH = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
)
# Debian's package, and Google's download.
SHELLS_ON_PATH = ("chromium-headless-shell", "chrome-headless-shell")
IN_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
# The only paths at which Playwright finds a channel (its registry, 1.65).
ON_LINUX: Mapping[str, str] = {
    "chrome": "/opt/google/chrome/chrome",
    "chrome-beta": "/opt/google/chrome-beta/chrome",
    "chrome-dev": "/opt/google/chrome-unstable/chrome",
    "chrome-canary": "/opt/google/chrome-canary/chrome",
    "msedge": "/opt/microsoft/msedge/msedge",
    "msedge-beta": "/opt/microsoft/msedge-beta/msedge",
    "msedge-dev": "/opt/microsoft/msedge-dev/msedge",
}
ON_A_MAC: Mapping[str, str] = {
    f"{product}{ring}": f"/Applications/{title}.app/Contents/MacOS/{title}"
    for product, plain in (("chrome", "Google Chrome"), ("msedge", "Microsoft Edge"))
    for ring, title in (("", plain), *((f"-{word.lower()}", f"{plain} {word}") for word in ("Beta", "Dev", "Canary")))
}
# The headless shell, as Playwright's list and Debian's packages call it.
HEADLESS_SHELL = "chromium-headless-shell"
# With these values of PWDEBUG Playwright opens no window (1.65, `debugMode`).
NOT_INSPECTING = frozenset({"", "0", "false", "console"})
# The full browser calls itself Chrome/..., without a window too.
SHELL_PRODUCT = "HeadlessChrome/"
# By default the shell sends no Accept-Language, unlike the full browser. A context's locale takes precedence.
SHELL_ARGS = ("--accept-lang=en-US,en",)
ON_MACHINE = "found on this machine"


class NoBrowser(FirstBellError):
    """There is no browser to play in. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser that was found. `path` is None if Playwright finds it by itself: its own download, or a channel.

    `is_shell`: it is Chromium's headless shell, which cannot open a window.
    """

    path: Path | None
    origin: str
    kind: BrowserKind = field(default=BROWSER_KINDS[CHROMIUM])
    is_shell: bool = False

    def __str__(self) -> str:
        return self.origin if self.path is None else f"{self.path} ({self.origin})"


class ThrottleUnsupported(JourneyError):
    """A location asks for a network profile that this browser cannot emulate."""


def find_browser(configured: str = "", name: str = CHROMIUM, *, headed: bool = False) -> Browser:
    """Returns the browser to play in; for plain Chromium in the order of `choose_browser`. Raises NoBrowser."""
    kind = BROWSER_KINDS[name]
    if kind.channel:
        return find_channel_browser(kind, channel_paths())
    if not kind.is_chromium:
        return find_downloaded_browser(kind, downloaded=is_downloaded(kind.engine))
    downloaded = is_downloaded(CHROMIUM if headed else HEADLESS_SHELL)
    return choose_browser(
        configured, downloaded=downloaded, shells=shells_on_machine(), machine=browsers_on_machine(), headed=headed
    )


def find_all(configured: str, kinds: Iterable[BrowserKind], *, headed: bool = False) -> list[Browser]:
    """Returns each browser that a configuration asks for, once. Raises NoBrowser for the first that is missing."""
    return [find_browser(configured, kind.name, headed=headed) for kind in dict.fromkeys(kinds)]


def is_headed(launching: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """True if Playwright opens a window when launched like this: by option, or because of PWDEBUG."""
    return launching.get("headless") is False or environment.get("PWDEBUG", "") not in NOT_INSPECTING


def find_channel_browser(kind: BrowserKind, paths: Mapping[str, str]) -> Browser:
    """Returns the Chrome or Edge at Playwright's path for it. Raises NoBrowser if it is not there."""
    if not (path := paths.get(kind.channel)):
        raise NoBrowser(f"there is no {kind.name} for {sys.platform}; ask for another browser")
    if not Path(path).is_file():
        raise NoBrowser(f"{kind.name} is not at {path}; run: firstbell browser install {kind.name}")
    return Browser(path=None, origin=f"{kind.name} at {path}", kind=kind)


def find_downloaded_browser(kind: BrowserKind, *, downloaded: bool) -> Browser:
    """Returns Playwright's own Firefox or WebKit: the system's cannot be automated. Raises NoBrowser without it."""
    if not downloaded:
        raise NoBrowser(f"Playwright's own {kind.name} is not here; run: firstbell browser install {kind.name}")
    return Browser(path=None, origin=f"Playwright's own {kind.name.capitalize()}", kind=kind)


def channel_paths() -> Mapping[str, str]:
    """Returns Playwright's paths of Chrome and Edge on this system."""
    return {"linux": ON_LINUX, "darwin": ON_A_MAC}.get(sys.platform, {})


def choose_browser(
    configured: str, *, downloaded: bool, shells: Sequence[Path], machine: Sequence[Path], headed: bool = False
) -> Browser:
    """Returns the first of: the configured path, Playwright's own, a headless shell if no window is asked for, a full
    browser.

    `own`: Playwright has downloaded what it starts for such an attempt. A configured path that does not exist is an
    error, not a reason to take another one. Raises NoBrowser.
    """
    if configured:
        path = Path(configured).expanduser()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise NoBrowser(f"browser.executable: {path} is not a program; correct the path or leave the key out")
        return Browser(path=path, origin="configured")
    if downloaded:
        origin = "Playwright's own Chromium" if headed else "Playwright's own headless shell"
        return Browser(path=None, origin=origin, is_shell=not headed)
    if shells and not headed:
        return Browser(path=shells[0], origin=ON_MACHINE, is_shell=True)
    if machine:
        return Browser(path=machine[0], origin=ON_MACHINE)
    if shells:
        raise NoBrowser(f"{shells[0]} cannot open a window; for a full browser run: firstbell browser install")
    raise NoBrowser("no browser found; run: firstbell browser install")


def shells_on_machine() -> list[Path]:
    """Returns Chromium's headless shells on this machine, the preferred one first."""
    return [Path(found) for name in SHELLS_ON_PATH if (found := shutil.which(name))]


def browsers_on_machine() -> list[Path]:
    """Returns Chrome, Chromium and Edge on this machine, the preferred one first."""
    programs = [found for name in ON_PATH if (found := shutil.which(name))]
    return [Path(name) for name in (*programs, *IN_APPLICATIONS) if Path(name).is_file()]


def is_downloaded(download: str) -> bool:
    """True if Playwright has downloaded the revision that its version asks for: of an engine, or HEADLESS_SHELL."""
    folder = f"{download.replace('-', '_')}-{browser_revisions()[download]}"
    return (download_folder() / folder / "INSTALLATION_COMPLETE").exists()


def download_folder() -> Path:
    """Returns Playwright's download folder (its documentation, "Managing browser binaries")."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if chosen == "0":
        return package_folder() / ".local-browsers"
    if chosen:
        return Path(chosen)
    caches = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return caches / "ms-playwright"


def launch_options(browser: Browser, egress: tuple[Location, Path | None] | None = None) -> dict[str, Any]:
    """Returns the options of `launch` for a location and a HOME with its trusted authorities.

    Chromium's sandbox cannot work as root, so only then it is off. Raises NoBrowser for an egress that needs Chromium.
    """
    location, home = egress or (Location(), None)
    kind = browser.kind
    if not kind.is_chromium:
        if home is not None or location.launch_args:
            shortfall = (
                "trust additional authorities" if home is not None else "do without UDP or use a name server of its own"
            )
            raise NoBrowser(f"{kind.name} cannot {shortfall} at the location '{location.name}'; only Chromium can")
        return {"firefox_user_prefs": dict(FIREFOX_PREFS)} if kind.engine == "firefox" else {}
    args = [*LAUNCH_ARGS, *location.launch_args, *(SHELL_ARGS if browser.is_shell else ())]
    options: dict[str, Any] = {"args": args, "chromium_sandbox": os.geteuid() != 0}
    if kind.channel:
        options["channel"] = kind.channel
    if browser.path is not None:
        options["executable_path"] = str(browser.path)
    if home is not None:
        options["env"] = {**os.environ, "HOME": str(home)}
    return options


def version_of(browser: RunningBrowser) -> str:
    """Returns the version of a running browser, prefixed with "headless shell" if it is one."""
    if browser.browser_type.name != CHROMIUM:
        return browser.version
    session = browser.new_browser_cdp_session()
    product = str(session.send("Browser.getVersion")["product"])
    session.detach()
    return f"headless shell {browser.version}" if product.startswith(SHELL_PRODUCT) else browser.version


def throttle(page: Page, network: NetworkProfile) -> None:
    """Emulates a home connection on a page. Raises ThrottleUnsupported if the browser is not Chromium."""
    if network.conditions is None:
        return
    browser = page.context.browser
    if browser is not None and browser.browser_type.name != CHROMIUM:
        raise ThrottleUnsupported(f"only Chromium can emulate a slow network, and this is {browser.browser_type.name}")
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", network.conditions)
