"""Opens Playwright's recorder with the browser that First Bell found, and brings back what it wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from journeys.stage.stage import Stage
from journeys.stage.step import Nobody
from runner.execution.browser import find_browser, launch_options
from runner.execution.district import District

# Playwright's own command line takes the browser's path by this and by nothing else (1.65, `launchContext`).
BROWSER_PATH = "PWTEST_CLI_EXECUTABLE_PATH"
HEADLESS = "PWTEST_CLI_HEADLESS"
NO_SCREEN = (
    "a recording needs a screen, and this session has none (DISPLAY and WAYLAND_DISPLAY are empty); record "
    "on a desktop, come in by ssh -X, or give it one that can be looked at by VNC: xvfb-run firstbell record ..."
)
# How long a recorder may take to close its browser.
TIME_TO_END_S = 5.0
# Nobody looks at the camera of somebody who is only signed in.
UNSEEN = "recording"


class NoScreen(Exception):
    """There is no screen to record on; the message says what to do."""


class RecorderBroke(Exception):
    """The recorder did not come to an end by itself; the message says what it said."""


def must_have_a_screen(environment: Mapping[str, str], platform: str = sys.platform) -> None:
    """Raise NoScreen where no window can be opened."""
    asked = ("DISPLAY", "WAYLAND_DISPLAY", HEADLESS)  # headless, nobody needs to see it
    if platform.startswith("linux") and not any(environment.get(name) for name in asked):
        raise NoScreen(NO_SCREEN)


def record(url: str, *, district: District, role: str, signed_in: bool, device: str) -> str:
    """Open the recorder at an address, wait until it is closed, and return what it wrote; empty where nothing was.

    What it writes holds what was typed, so it lies in a private folder, and no longer than this takes; the caller sees
    to it that a signal raises, too. Raises NoBrowser, RecorderBroke, and what signing in raises.
    """
    browser = find_browser(district.browser, district.browser_name)
    with tempfile.TemporaryDirectory(prefix="firstbell-") as private:
        file, state = Path(private) / "recorded.py", Path(private) / "state.json"
        command = [sys.executable, "-m", "playwright", "codegen", "--target", "python-pytest", "-o", str(file)]
        if signed_in:
            _sign_in(district, role, state)
            command += ["--load-storage", str(state)]
        command += ["--browser", browser.kind.engine]
        if browser.kind.channel:
            command += ["--channel", browser.kind.channel]
        if device:
            command += ["--device", device]
        environment = dict(os.environ)
        if browser.path is not None:
            environment[BROWSER_PATH] = str(browser.path)
        code, told = _until_closed([*command, url], environment)
        written = file.read_text(encoding="utf-8") if file.exists() else ""
    if code and not written:
        said = [line.strip() for line in told.splitlines() if "rror:" in line] or ["it did not say why"]
        raise RecorderBroke(f"Playwright's recorder ended with {code}: {said[0]}")
    return written


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


def _sign_in(district: District, role: str, state: Path) -> None:
    """Have the actor signed in by the district's own way, and keep what the browser knows then."""
    with sync_playwright() as playwright:
        found = find_browser(district.browser, district.browser_name)
        browser = getattr(playwright, found.kind.engine).launch(**launch_options(found))
        context = browser.new_context()
        with Stage(run_token=UNSEEN, audience=Nobody(), limit_s=district.step_limit_s) as stage:
            actor = stage.enter(role, district.account(role), context)
            if "edge" in district.school.services:
                district.school.open_portal(actor)
            district.school.sign_in(actor)
            context.storage_state(path=state)
        browser.close()
