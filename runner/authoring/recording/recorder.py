"""Opens Playwright's recorder with the browser that First Bell found, and brings back what it wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserType, sync_playwright

from firstbell.compat.playwright_package import RECORDER_BROWSER, RECORDER_HEADLESS
from firstbell.errors import FirstBellError
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.config.browsers import BROWSER_KINDS
from firstbell.runner.config.devices import devices
from firstbell.runner.execution.browsers.discovery import (
    Browser,
    download_folder,
    find_browser,
    is_headed,
    launch_options,
)
from firstbell.runner.execution.browsers.per_actor import device_options, open_context
from firstbell.runner.execution.district import District

NO_SCREEN = (
    "a recording needs a screen, and this session has none (DISPLAY and WAYLAND_DISPLAY are empty); record "
    "on a desktop, come in by ssh -X, or give it one that can be looked at by VNC: xvfb-run firstbell record ..."
)
# How long a recorder may take to close its browser.
TIME_TO_END_S = 5.0
# Nobody looks at the camera of somebody who is only signed in.
UNSEEN = "recording"


class NoScreen(FirstBellError):
    """There is no screen to record on; the message says what to do."""


class RecorderFailed(FirstBellError):
    """The recorder did not come to an end by itself; the message says what it said."""


def must_have_a_screen(environment: Mapping[str, str], platform: str = sys.platform) -> None:
    """Raise NoScreen where no window can be opened."""
    asked = ("DISPLAY", "WAYLAND_DISPLAY", RECORDER_HEADLESS)  # headless, nobody needs to see it
    if platform.startswith("linux") and not any(environment.get(name) for name in asked):
        raise NoScreen(NO_SCREEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRequest:
    """What is recorded: from which address on, as whom, and with what they hold. The district's browser is the one that
    is opened, and its location the way out."""

    url: str
    district: District
    role: str
    signed_in: bool = False
    device: str = ""


def record(wanted: RecordingRequest) -> str:
    """Open the recorder, wait until it is closed, and return what it wrote; empty where nothing was.

    What it writes holds what was typed, so it lies in a private folder, and no longer than this takes; the caller sees
    to it that a signal raises, too. Raises NoBrowser, RecorderFailed, and what signing in raises.
    """
    district = wanted.district
    browser = find_browser(district.browser, district.browser_name, headed=True)
    with tempfile.TemporaryDirectory(prefix="firstbell-") as private:
        file, state = Path(private) / "recorded.py", Path(private) / "state.json"
        look: dict[str, Any] = {}
        if wanted.signed_in or wanted.device:
            with sync_playwright() as playwright:
                look = device_options(wanted.device, playwright.devices)
                if wanted.signed_in:
                    _sign_in(wanted, getattr(playwright, browser.kind.engine), playwright.devices, state)
        command = command_of(
            wanted,
            browser,
            device_note(wanted.device, browser.kind.engine, look),
            file,
            state if wanted.signed_in else None,
        )
        code, told = _until_closed(command, environment_of(browser, district.home, os.environ))
        written = file.read_text(encoding="utf-8") if file.exists() else ""
    if code and not written:
        said = [line.strip() for line in told.splitlines() if "rror:" in line] or ["it did not say why"]
        raise RecorderFailed(f"Playwright's recorder ended with {code}: {said[0]}")
    return written


def device_note(device: str, engine: str, look: Mapping[str, Any]) -> dict[str, str]:
    """What the recorder is told of a device. By its name it would open the device's own engine, whichever is asked for
    (1.65, `lookupBrowserType`), so in another one it is given screen and user agent."""
    if not device or look["default_browser_type"] == engine:
        return {"--device": device}
    screen = look["viewport"]
    return {"--viewport-size": f"{screen['width']}, {screen['height']}", "--user-agent": look["user_agent"]}


def command_of(
    wanted: RecordingRequest, browser: Browser, look: Mapping[str, str], file: Path, state: Path | None
) -> list[str]:
    """Playwright's recorder, which writes into `file`; `state` is what a browser knows that has signed in."""
    command = [sys.executable, "-m", "playwright", "codegen", "--target", "python-pytest", "-o", str(file)]
    told = {
        "--browser": browser.kind.engine,
        "--channel": browser.kind.channel,
        **look,
        "--load-storage": str(state or ""),
        "--proxy-server": wanted.district.location.way.proxy,
    }
    return [*command, *(part for name, value in told.items() if value for part in (name, value)), wanted.url]


def environment_of(browser: Browser, home: Path | None, around: Mapping[str, str]) -> dict[str, str]:
    """What the recorder runs in. A `home` of the browser's own says whom to trust; what else is found in a home folder
    is told by name then: Playwright's downloads, and the key to a screen that comes by ssh -X."""
    environment = dict(around)
    if browser.path is not None:
        environment[RECORDER_BROWSER] = str(browser.path)
    if home is not None:
        theirs = Path(around.get("HOME") or Path.home())
        environment.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(download_folder()))
        environment.setdefault("XAUTHORITY", str(theirs / ".Xauthority"))
        environment["HOME"] = str(home)
    return environment


def not_given(wanted: RecordingRequest) -> list[str]:
    """What the recorder cannot be given, each in one sentence."""
    location, said = wanted.district.location, []
    network = location.network
    kept = {"name server": location.naming, "network": network.launch_args or network.conditions}
    if lacks := " and the ".join(what for what, is_so in kept.items() if is_so):
        of = f"of the location '{location.name}'"
        said.append(f"Playwright's recorder cannot be given the {lacks} {of}; it has this machine's")
    device, engine = devices().get(wanted.device), BROWSER_KINDS[wanted.district.browser_name].engine
    if device and device.engine != engine:
        said.append(
            f"Playwright's recorder lends {engine} the screen and user agent of {device.name}, and not its touch"
        )
    return said


def _until_closed(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command to its end, and return its exit code and what it told. Who stops waiting ends it, with its family:
    it is a Python that has started a Node that has started browsers."""
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            _, told = running.communicate()
        except BaseException:
            _end(running)
            raise
    return running.returncode, told


def _end(running: subprocess.Popen[str]) -> None:
    """End a recorder with its family; who does not close what it has open is not waited for longer than is polite."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(running.pid)
        family = [first, *first.children(recursive=True)]
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        _, left = psutil.wait_procs(family, timeout=TIME_TO_END_S)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _sign_in(wanted: RecordingRequest, engine: BrowserType, known: Mapping[str, Any], state: Path) -> None:
    """Have the actor signed in, headless, by the district's own way, and keep what the browser knows then."""
    district = wanted.district
    found = find_browser(district.browser, district.browser_name, headed=is_headed({}, os.environ))
    browser = engine.launch(**launch_options(found, (district.location, district.home)))
    context = open_context(browser.new_context, wanted.device, known, district.location)
    with Stage(run_token=UNSEEN, observer=NoObserver(), limit_s=district.step_limit_s) as stage:
        actor = stage.enter(wanted.role, district.account(wanted.role), context)
        if "edge" in district.school.services:
            district.school.open_portal(actor)
        district.school.sign_in(actor)
        context.storage_state(path=state)
    browser.close()
