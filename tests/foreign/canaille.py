"""Canaille, an identity provider from PyPI: its sign-in in two pages, and each person's profile, in SQLite."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.foreign.product import HOME, Product, answers

INSTALLED = HOME / "canaille"
PROGRAM = INSTALLED / "bin" / "canaille"
PREPARED = INSTALLED / "prepared"
STUDENT = {"user_name": "zz.student02", "password": "Chalk-and-slate-9", "given_name": "IvyZz", "family_name": "Zz"}
CONFIG = """\
SECRET_KEY = "a-key-for-sessions-that-nobody-else-sees"
SERVER_NAME = "{server}"
PREFERRED_URL_SCHEME = "http"

[CANAILLE]
NAME = "Bayfront accounts"
DATABASE = "sql"

[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{database}"
"""


def prepare() -> None:
    """Makes the database that each start copies, with one student. Raises CalledProcessError."""
    shutil.rmtree(PREPARED, ignore_errors=True)
    PREPARED.mkdir()
    config = PREPARED / "canaille.toml"
    config.write_text(CONFIG.format(server="localhost", database=PREPARED / "canaille.db"))
    environment = {**os.environ, "CANAILLE_CONFIG": str(config)}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in STUDENT.items()]
    for command in (["install"], ["create", "user", *options, "--emails=zz.student02@bayfront.example"]):
        subprocess.run([PROGRAM, *command], check=True, env=environment, capture_output=True)


class Canaille(Product):
    """The server with one student."""

    name = "canaille"
    needs = (PROGRAM, PREPARED)

    @property
    def database(self) -> Path:
        """Its SQLite database."""
        return self.folder / "canaille.db"

    def configure(self) -> None:
        """Copies the prepared database and writes the configuration."""
        shutil.copy(PREPARED / "canaille.db", self.database)
        server = f"{self.host}:{self.port}"
        (self.folder / "canaille.toml").write_text(CONFIG.format(server=server, database=self.database))

    def environment(self) -> Mapping[str, str]:
        """Its configuration."""
        return {"CANAILLE_CONFIG": str(self.folder / "canaille.toml")}

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground."""
        return [PROGRAM, "run", "--bind", f"{self.host}:{self.port}"]

    def is_ready(self) -> bool:
        """Tells whether the sign-in page answers."""
        return answers(f"{self.url}/login")
