"""`firstbell browser`: finds the browsers of this machine, or installs one."""

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
from firstbell.runner.execution.browsers.discovery import HEADLESS_SHELL, Browser, NoBrowser, find_browser

DOWNLOAD_S = 300
PACKAGE_S = 600
NO_INSTALLER = (
    "no browser could be installed: Playwright's download failed and there is no Debian package manager to ask; "
    "install Chrome, Chromium or Edge yourself, or set browser.executable"
)
# The consequence of one missing program of Chromium's two.
CONSEQUENCES = {
    HEADLESS_SHELL: f"its headless shell, which takes less processor time, could not be installed "
    f"(on Debian as an administrator: apt-get install {HEADLESS_SHELL})",
    CHROMIUM: f"it runs headless only: no full browser could be installed for --headed and record "
    f"(on Debian as an administrator: apt-get install {CHROMIUM})",
}


@click.group()
def browser() -> None:
    """Find or install the browser that runs journeys."""


@browser.command("find")
@click.option("--executable", default="", help="A path to try first, like browser.executable.")
@CONFIG_OPTION
def find(executable: str, config_file: Path | None) -> None:
    """List the browsers of this machine.

    Exits with 2 if a browser that runs journeys is missing.
    """
    with errors_as_sentences():
        settings = _settings(config_file)
    configured = browser_kinds_of(settings)
    keys = {
        kind.name: [".".join(map(str, path)) for path, other in configured.items() if other == kind]
        for kind in configured.values()
    }
    missing = []
    for name in dict.fromkeys((*keys, *BROWSER_KINDS)):
        try:
            headless = find_browser(executable or settings.browser.executable, name)
        except NoBrowser as error:
            if name in keys:
                missing.append(str(error))
            continue
        used_by = f"   used by {', '.join(keys[name])}" if name in keys else ""
        for line in _lines(name, headless, executable or settings.browser.executable, used_by):
            console().print(line, soft_wrap=True)
    if missing:
        give_up("; ".join(missing), code=2)


def _lines(name: str, headless: Browser, executable: str, used_by: str) -> Iterator[str]:
    """One line for a browser; two where it has separate programs for headless runs and for windows."""
    if not headless.is_shell:
        yield f"{name}: {headless}{used_by}"
        return
    yield f"{name}, headless: {headless}{used_by}"
    try:
        yield f"{name}, with --headed: {find_browser(executable, name, headed=True)}"
    except NoBrowser as error:
        yield f"{name}, with --headed: {error}"


def _settings(config_file: Path | None) -> Settings:
    """The settings of the nearest configuration, or the defaults."""
    try:
        return config_at(config_file, Path.cwd()).settings
    except NoConfig:
        if config_file is not None:
            raise
        return embedded_district().settings


@browser.command("install")
@click.argument("name", type=click.Choice(list(BROWSER_KINDS)), default=CHROMIUM, metavar="[NAME]")
def install(name: str) -> None:
    """Install a browser.

    It comes from Playwright's download or, for chromium, from the system's packages.

    NAME is a value of `name` in [browser], such as firefox, webkit or chrome; the default is chromium. Chromium is two
    programs: the headless shell for headless runs, and the full browser for runs with a window.
    """
    out = console()
    missing = _missing(name)
    if not missing:
        out.print(f"firstbell: {_here(name)}; nothing to install")
        return
    with out.status(f"[quiet]downloading {' and '.join(missing)} by Playwright"):
        _run([sys.executable, "-m", "playwright", "install", *missing], DOWNLOAD_S)
    missing = _missing(name)
    if not missing:
        out.print(f"firstbell: downloaded; {_here(name)}")
        return
    if name != CHROMIUM:
        give_up(_not_installed(name), code=2)
    with out.status(f"[quiet]the download failed; installing the system's {' and '.join(missing)}"):
        _install_packages(missing)
    if not _found():
        give_up(_advice(), code=2)
    if still_missing := _missing(name):
        out.print(f"firstbell: {_here(name)}; {CONSEQUENCES[still_missing[0]]}")
        return
    out.print(
        f"firstbell: Playwright's download failed, so the system's packages were installed; {_here(name)}",
    )


def _missing(name: str) -> tuple[str, ...]:
    """The missing programs of a browser, by the names of Playwright's `install` and of Debian's packages."""
    if name != CHROMIUM:
        return () if _found(name) else (name,)
    headless = _found()
    programs = {HEADLESS_SHELL: headless and headless.is_shell, CHROMIUM: _found(headed=True)}
    return tuple(part for part, found in programs.items() if not found)


def _found(name: str = CHROMIUM, *, headed: bool = False) -> Browser | None:
    try:
        return find_browser(name=name, headed=headed)
    except NoBrowser:
        return None


def _here(name: str) -> str:
    """The browser for headless runs, and the one for windows where that is another program."""
    headless, headed = _found(name), _found(name, headed=True)
    if headed is None or str(headed) == str(headless):
        return f"the browser is {headless}"
    return f"the browser is {headless}, and with a window {headed}"


def _not_installed(name: str) -> str:
    """The advice for a browser that Playwright could not install and that the system does not package."""
    if BROWSER_KINDS[name].channel:
        return f"Playwright could not install {name}; install its vendor's package, then run: firstbell browser find"
    return f"Playwright could not download {name}, and no other build works; run: playwright install {name}"


def _install_packages(names: Sequence[str]) -> None:
    """Installs Debian's packages one by one (a system may have only one), as root or by sudo without a password."""
    if not shutil.which("apt-get"):
        return
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if become and not shutil.which("sudo"):
        return
    _run([*become, "apt-get", "update", "-qq"], PACKAGE_S)
    for name in names:
        _run([*become, "apt-get", "install", "-y", "-qq", "--no-remove", name], PACKAGE_S)


def _advice() -> str:
    if shutil.which("apt-get"):
        return f"no browser could be installed; as an administrator run: apt-get install {CHROMIUM} {HEADLESS_SHELL}"
    return NO_INSTALLER


def _run(command: list[str], limit_s: float) -> bool:
    """Runs a command without output. True if it succeeded in time."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        finished = subprocess.run(command, env=environment, capture_output=True, timeout=limit_s, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0
