"""Runs Playwright's recorder in the browser that First Bell uses, and returns the recorded source."""

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
from firstbell.hostile_text import cut
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
    "on a desktop, connect with ssh -X, or start a virtual screen and view it by VNC: xvfb-run firstbell record ..."
)
# The time for a recorder to close its browser.
TIME_TO_END_S = 5.0
# The camera signature of an actor who only signs in; no observer reads it.
UNSEEN = "recording"


class NoScreen(FirstBellError):
    """There is no screen to record on; the message says what to do."""


class RecorderFailed(FirstBellError):
    """The recorder failed; the message holds its error."""


def must_have_a_screen(environment: Mapping[str, str], platform: str = sys.platform) -> None:
    """Raises NoScreen if no window can be opened."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", RECORDER_HEADLESS)  # headless, no screen is needed
    if platform.startswith("linux") and not any(environment.get(name) for name in variables):
        raise NoScreen(NO_SCREEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRequest:
    """A recording to make: start address, role and device. It uses the district's browser and the egress of its
    location."""

    url: str
    district: District
    role: str
    signed_in: bool = False
    device: str = ""


def record(request: RecordingRequest) -> str:
    """Runs the recorder until it is closed, and returns the recorded source; empty if nothing was recorded.

    The source holds typed secrets, so it is in a private folder that is deleted at the end; the caller makes signals
    raise, so that this happens then too. Raises NoBrowser, RecorderFailed, and errors of signing in.
    """
    district = request.district
    browser = find_browser(district.browser, district.browser_name, headed=True)
    with tempfile.TemporaryDirectory(prefix="firstbell-") as private:
        file, state = Path(private) / "recorded.py", Path(private) / "state.json"
        device_settings: dict[str, Any] = {}
        if request.signed_in or request.device:
            with sync_playwright() as playwright:
                device_settings = device_options(request.device, playwright.devices)
                if request.signed_in:
                    _sign_in(request, getattr(playwright, browser.kind.engine), playwright.devices, state)
        command = command_of(
            request,
            browser,
            device_note(request.device, browser.kind.engine, device_settings),
            file,
            state if request.signed_in else None,
        )
        code, output = _until_closed(command, environment_of(browser, district.home, os.environ))
        written = file.read_text(encoding="utf-8") if file.exists() else ""
    if code and not written:
        said = [line.strip() for line in output.splitlines() if "rror:" in line] or ["without an error message"]
        raise RecorderFailed(f"Playwright's recorder failed with exit code {code}: {cut(said[0], 300)}")
    return written


def device_note(device: str, engine: str, device_settings: Mapping[str, Any]) -> dict[str, str]:
    """Options of the recorder for a device. With the device's name it would always use the device's own engine
    (1.65, `lookupBrowserType`), so for another engine it gets screen size and user agent instead."""
    if not device or device_settings["default_browser_type"] == engine:
        return {"--device": device}
    screen = device_settings["viewport"]
    return {"--viewport-size": f"{screen['width']}, {screen['height']}", "--user-agent": device_settings["user_agent"]}


def command_of(
    request: RecordingRequest, browser: Browser, device_settings: Mapping[str, str], file: Path, state: Path | None
) -> list[str]:
    """The command of the recorder, which writes into `file`; `state` is the storage of a signed-in browser."""
    command = [sys.executable, "-m", "playwright", "codegen", "--target", "python-pytest", "-o", str(file)]
    options = {
        "--browser": browser.kind.engine,
        "--channel": browser.kind.channel,
        **device_settings,
        "--load-storage": str(state or ""),
        "--proxy-server": request.district.location.egress.proxy,
    }
    return [*command, *(part for name, value in options.items() if value for part in (name, value)), request.url]


def environment_of(browser: Browser, home: Path | None, outer: Mapping[str, str]) -> dict[str, str]:
    """The environment of the recorder. A separate `home` holds the trusted authorities of the browser; then other paths
    of the user's home are passed by name: Playwright's downloads, and the X authority of ssh -X."""
    environment = dict(outer)
    if browser.path is not None:
        environment[RECORDER_BROWSER] = str(browser.path)
    if home is not None:
        own_home = Path(outer.get("HOME") or Path.home())
        environment.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(download_folder()))
        environment.setdefault("XAUTHORITY", str(own_home / ".Xauthority"))
        environment["HOME"] = str(home)
    return environment


def not_given(request: RecordingRequest) -> list[str]:
    """Settings that the recorder does not support, one sentence each."""
    location, said = request.district.location, []
    network = location.network
    needed = {"name server": location.naming, "network": network.launch_args or network.conditions}
    if missing := " and the ".join(what for what, is_so in needed.items() if is_so):
        location_text = f"of the location '{location.name}'"
        said.append(f"Playwright's recorder does not support the {missing} {location_text}; it uses this machine's")
    device, engine = devices().get(request.device), BROWSER_KINDS[request.district.browser_name].engine
    if device and device.engine != engine:
        said.append(
            f"Playwright's recorder uses the screen and user agent of {device.name} in {engine}, but not its touch"
        )
    return said


def _until_closed(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Runs a command and returns its exit code and standard error. An interruption ends it with all its children: a
    Python process that started Node, which started browsers."""
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            _, output = process.communicate()
        except BaseException:
            _end(process)
            raise
    return process.returncode, output


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a recorder with all its children: first by SIGTERM, after a time limit by SIGKILL."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        processes = [parent, *parent.children(recursive=True)]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        _, left = psutil.wait_procs(processes, timeout=TIME_TO_END_S)
        for child in left:
            with suppress(psutil.NoSuchProcess):
                child.kill()


def _sign_in(request: RecordingRequest, engine: BrowserType, known: Mapping[str, Any], state: Path) -> None:
    """Signs the actor in, headless, with the district's own sign-in, and saves the browser's storage."""
    district = request.district
    found = find_browser(district.browser, district.browser_name, headed=is_headed({}, os.environ))
    browser = engine.launch(**launch_options(found, (district.location, district.home)))
    context = open_context(browser.new_context, request.device, known, district.location)
    with Stage(run_token=UNSEEN, observer=NoObserver(), limit_s=district.step_limit_s) as stage:
        actor = stage.enter(request.role, district.account(request.role), context)
        if "edge" in district.school.services:
            district.school.open_portal(actor)
        district.school.sign_in(actor)
        context.storage_state(path=state)
    browser.close()
