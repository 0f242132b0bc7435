"""`firstbell browser`: which browser plays, and how to get one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from firstbell.runner.app.build import config_at
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.console import console, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.browser_checks import browser_kinds_of
from firstbell.runner.config.browsers import BROWSER_KINDS, CHROMIUM
from firstbell.runner.config.errors import NoConfig
from firstbell.runner.config.model import Settings
from firstbell.runner.config.toml_positions import KeyPath
from firstbell.runner.execution.browsers.discovery import HEADLESS_SHELL, Browser, NoBrowser, find_browser

DOWNLOAD_S = 300
PACKAGE_S = 600
NO_INSTALLER = (
    "no browser could be installed: Playwright's download failed and there is no Debian package manager to ask; "
    "install Chrome, Chromium or Edge yourself, or set browser.executable"
)
# What the lack of one of Chromium's two programs comes to.
LACKS = {
    HEADLESS_SHELL: f"its headless shell could not be installed, which would take less processor time "
    f"(on Debian as an administrator: apt-get install {HEADLESS_SHELL})",
    CHROMIUM: f"it plays headless, and no full browser could be installed for --headed and record "
    f"(on Debian as an administrator: apt-get install {CHROMIUM})",
}


@click.group()
def browser() -> None:
    """Find or install the browser that plays."""


@browser.command("find")
@click.option("--executable", default="", help="A path to try first, as browser.executable would.")
@CONFIG_OPTION
def find(executable: str, config_file: Path | None) -> None:
    """Say which browsers are here, and which of them play. Exits with 2 where one that plays is missing."""
    with errors_as_sentences():
        settings = _settings(config_file)
    asked = browser_kinds_of(settings)
    wanted = {kind.name: [_said(path) for path, other in asked.items() if other == kind] for kind in asked.values()}
    missing = []
    for name in dict.fromkeys((*wanted, *BROWSER_KINDS)):
        try:
            headless = find_browser(executable or settings.browser.executable, name)
        except NoBrowser as error:
            if name in wanted:
                missing.append(str(error))
            continue
        plays = f"   plays ({', '.join(wanted[name])})" if name in wanted else ""
        for line in _lines(name, headless, executable or settings.browser.executable, plays):
            console().print(line, markup=False, soft_wrap=True)
    if missing:
        give_up("; ".join(missing), code=2)


def _lines(name: str, headless: Browser, executable: str, plays: str) -> Iterator[str]:
    """One line for a browser; two where another program of it plays headless than with a window."""
    if not headless.is_shell:
        yield f"{name}: {headless}{plays}"
        return
    yield f"{name}, headless: {headless}{plays}"
    try:
        yield f"{name}, with --headed: {find_browser(executable, name, headed=True)}"
    except NoBrowser as error:
        yield f"{name}, with --headed: {error}"


def _settings(config_file: Path | None) -> Settings:
    """What the nearest configuration says, and what holds where there is none."""
    try:
        return config_at(config_file, Path.cwd()).settings
    except NoConfig:
        if config_file is not None:
            raise
        return embedded_district().settings


def _said(path: KeyPath) -> str:
    """A key as a person reads it."""
    return ".".join(map(str, path))


@browser.command("install")
@click.argument("name", type=click.Choice(list(BROWSER_KINDS)), default=CHROMIUM, metavar="[NAME]")
def install(name: str) -> None:
    """Get a browser where there is none: Playwright's download, and for chromium else the system's packages.

    NAME is what `name` of [browser] takes, such as firefox, webkit or chrome; chromium where left out, which is two
    programs: the headless shell for headless plays, and the full browser for those with a window.
    """
    out = console()
    lacking = _lacking(name)
    if not lacking:
        out.print(f"firstbell: {_here(name)}; nothing to install", markup=False)
        return
    with out.status(f"[quiet]downloading {' and '.join(lacking)} by Playwright"):
        _quietly([sys.executable, "-m", "playwright", "install", *lacking], DOWNLOAD_S)
    lacking = _lacking(name)
    if not lacking:
        out.print(f"firstbell: downloaded; {_here(name)}", markup=False)
        return
    if name != CHROMIUM:
        give_up(_no_other_way(name), code=2)
    with out.status(f"[quiet]the download did not work; installing the system's {' and '.join(lacking)}"):
        _install_packages(lacking)
    if not _found():
        give_up(_what_to_do(), code=2)
    if left := _lacking(name):
        out.print(f"firstbell: {_here(name)}; {LACKS[left[0]]}", markup=False)
        return
    out.print(
        f"firstbell: Playwright's download did not work, so the system's packages were installed; {_here(name)}",
        markup=False,
    )


def _lacking(name: str) -> tuple[str, ...]:
    """What is not here of a browser, as Playwright's `install` and Debian's packages call it."""
    if name != CHROMIUM:
        return () if _found(name) else (name,)
    headless = _found()
    there = {HEADLESS_SHELL: headless and headless.is_shell, CHROMIUM: _found(headed=True)}
    return tuple(part for part, found in there.items() if not found)


def _found(name: str = CHROMIUM, *, headed: bool = False) -> Browser | None:
    try:
        return find_browser(name=name, headed=headed)
    except NoBrowser:
        return None


def _here(name: str) -> str:
    """Which browser plays headless, and which with a window where that is another one."""
    headless, headed = _found(name), _found(name, headed=True)
    if headed is None or str(headed) == str(headless):
        return f"the browser is {headless}"
    return f"the browser is {headless}, and with a window {headed}"


def _no_other_way(name: str) -> str:
    """What to do where Playwright could not bring a browser that only it can bring, or that is somebody's product."""
    if BROWSER_KINDS[name].channel:
        return f"Playwright could not install {name}; install it by its maker's package, then: firstbell browser find"
    return (
        f"Playwright could not download its {name}, and no other {name} can be played; try: playwright install {name}"
    )


def _install_packages(names: Sequence[str]) -> None:
    """Debian's packages, each for itself because a system may have only one; as root or by a sudo that asks nothing."""
    if not shutil.which("apt-get"):
        return
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if become and not shutil.which("sudo"):
        return
    _quietly([*become, "apt-get", "update", "-qq"], PACKAGE_S)
    for name in names:
        _quietly([*become, "apt-get", "install", "-y", "-qq", "--no-remove", name], PACKAGE_S)


def _what_to_do() -> str:
    if shutil.which("apt-get"):
        return f"no browser could be installed; as an administrator run: apt-get install {CHROMIUM} {HEADLESS_SHELL}"
    return NO_INSTALLER


def _quietly(command: list[str], limit_s: float) -> bool:
    """Run a command without its chatter; whether it worked in time."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=limit_s, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
