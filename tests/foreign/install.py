"""Installs products from Debian and PyPI for the tests and benchmarks that use them.

    .venv/bin/python -m tests.foreign.install [NAME]...

Without a name it lists the products. Debian packages need root. Nothing is started: Debian's services are of no use
here, for each test starts a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from tests.foreign import canaille, kolibri
from tests.foreign.product import HOME


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Packages of one product, by the registry that has them, and preparations that take long."""

    debian: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    about: str
    prepare: Callable[[], None] | None = None


SOURCES = {
    "glewlwyd": Source(debian=("glewlwyd",), about="identity provider (OpenID Connect), SQLite"),
    "canaille": Source(
        pypi=("canaille[front,oidc,server,sqlite]==0.3.6",),
        about="identity provider (OpenID Connect) with a sign-in in two pages, SQLite",
        prepare=canaille.prepare,
    ),
    "janus": Source(debian=("janus", "janus-demos"), about="SFU with a video room and its web page"),
    "coturn": Source(debian=("coturn",), about="TURN server"),
    "simplesamlphp": Source(
        debian=("simplesamlphp", "php-cli", "php-xml", "php-mbstring"),
        about="identity provider and portal (SAML 2)",
    ),
    "kolibri": Source(pypi=("kolibri==0.19.5",), about="learning platform, SQLite", prepare=kolibri.prepare),
}
"""The products by name. Versions are those with which the journeys were written."""


def install(name: str) -> None:
    """Installs one product. Raises CalledProcessError; the package client has printed why."""
    source, folder = SOURCES[name], HOME / name
    if source.debian:
        apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=apt)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *source.debian], check=True, env=apt
        )
    if source.pypi:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *source.pypi], check=True)
    if source.prepare:
        source.prepare()


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(SOURCES)))
def main(names: tuple[str, ...]) -> None:
    """Install products by name; without a name, list them."""
    for name, source in SOURCES.items() if not names else ():
        click.echo(f"{name:<10} {source.about}")
    for name in names:
        click.echo(f"installing {name}")
        install(name)


if __name__ == "__main__":
    main()
