"""`firstbell browser`: which browser plays, and how to get one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from runner.cli.console import console, give_up
from runner.cli.run import sentences
from runner.config.browsers import CHROMIUM, KINDS
from runner.config.engines import kinds_of
from runner.config.model import Settings
from runner.config.places import KeyPath
from runner.config.problem import NoConfig
from runner.execution.browser import NoBrowser, find_browser
from runner.wiring import config_at, embedded

DOWNLOAD_S = 300
PACKAGE_S = 600
NO_WAY = (
    "no browser could be installed: Playwright's download failed and there is no Debian package manager to ask; "
    "install Chrome, Chromium or Edge yourself, or set browser.executable"
)


@click.group()
def browser() -> None:
    """Find or install the browser that plays."""


@browser.command("find")
@click.option("--executable", default="", help="A path to try first, as browser.executable would.")
@click.option("--config", "config_file", type=Path, default=None, help="The configuration; found upwards if left out.")
def find(executable: str, config_file: Path | None) -> None:
    """Say which browsers are here, and which of them play. Exits with 2 where one that plays is missing."""
    with sentences():
        settings = _settings(config_file)
    asked = kinds_of(settings)
    wanted = {kind.name: [_said(path) for path, other in asked.items() if other == kind] for kind in asked.values()}
    missing = []
    for name in dict.fromkeys((*wanted, *KINDS)):
        try:
            found = find_browser(executable or settings.browser.executable, name)
        except NoBrowser as error:
            if name in wanted:
                missing.append(str(error))
            continue
        plays = f"   plays ({', '.join(wanted[name])})" if name in wanted else ""
        console().print(f"{name}: {found}{plays}", markup=False, soft_wrap=True)
    if missing:
        give_up("; ".join(missing), code=2)


def _settings(config_file: Path | None) -> Settings:
    """What the nearest configuration says, and what holds where there is none."""
    try:
        return config_at(config_file, Path.cwd()).settings
    except NoConfig:
        if config_file is not None:
            raise
        return embedded().settings


def _said(path: KeyPath) -> str:
    """A key as a person reads it."""
    return ".".join(map(str, path))


@browser.command("install")
@click.argument("name", type=click.Choice(list(KINDS)), default=CHROMIUM, metavar="[NAME]")
def install(name: str) -> None:
    """Get a browser where there is none: Playwright's download, and for chromium else the system's package.

    NAME is what `name` of [browser] takes, such as firefox, webkit or chrome; chromium where left out.
    """
    out = console()
    with_one = _found(name)
    if with_one:
        out.print(f"firstbell: the browser is {with_one}; nothing to install", markup=False)
        return
    with out.status(f"[quiet]downloading {name} by Playwright"):
        downloaded = _quietly([sys.executable, "-m", "playwright", "install", name], DOWNLOAD_S)
    if downloaded and (with_one := _found(name)):
        out.print(f"firstbell: downloaded {with_one}", markup=False)
        return
    if name != CHROMIUM:
        give_up(_no_other_way(name), code=2)
    with out.status("[quiet]the download did not work; installing the system's chromium package"):
        _install_package()
    if not (with_one := _found()):
        give_up(_what_to_do(), code=2)
    out.print(
        f"firstbell: Playwright's download did not work, so the system package was installed: {with_one}", markup=False
    )


def _found(name: str = CHROMIUM) -> str:
    try:
        return str(find_browser(name=name))
    except NoBrowser:
        return ""


def _no_other_way(name: str) -> str:
    """What to do where Playwright could not bring a browser that only it can bring, or that is somebody's product."""
    if KINDS[name].channel:
        return f"Playwright could not install {name}; install it by its maker's package, then: firstbell browser find"
    return (
        f"Playwright could not download its {name}, and no other {name} can be played; try: playwright install {name}"
    )


def _install_package() -> None:
    """Debian's chromium, as root or by a sudo that asks no question."""
    if not shutil.which("apt-get"):
        return
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if become and not shutil.which("sudo"):
        return
    if _quietly([*become, "apt-get", "update", "-qq"], PACKAGE_S):
        _quietly([*become, "apt-get", "install", "-y", "-qq", "chromium"], PACKAGE_S)


def _what_to_do() -> str:
    if shutil.which("apt-get"):
        return "no browser could be installed; as an administrator run: apt-get install chromium"
    return NO_WAY


def _quietly(command: list[str], limit_s: float) -> bool:
    """Run a command without its chatter; whether it worked in time."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=limit_s, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
