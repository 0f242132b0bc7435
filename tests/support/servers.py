"""Servers that tests start for themselves, in folders of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import text

from firstbell.runner.history.database import open_database
from firstbell.runner.history.tables.schema import metadata

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


class Postgres:
    """A PostgreSQL on a free port. It refuses to run as root, so root lends it a user."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="firstbell-pg-")
        is_root = os.geteuid() == 0
        if is_root:
            shutil.chown(self._folder, "postgres", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._as: list[str | Path] = ["runuser", "-u", "postgres", "--"] if is_root else []
        self._tools = INSTALLED[-1].parent
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        make: list[str | Path] = [self._tools / "initdb", "-D", f"{self._folder}/db", "-A", "trust", "-U", "postgres"]
        subprocess.run([*self._as, *make], check=True, capture_output=True, cwd="/")
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._control("-m", "immediate", "stop", check=False)
        shutil.rmtree(self._folder)

    def emptied(self) -> str:
        """Its address, with nothing in it but empty tables."""
        engine = open_database(self.url)
        with engine.begin() as connection:
            names = ", ".join(table.name for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        engine.dispose()
        return self.url

    def start(self) -> None:
        """Let it run."""
        settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._control("-o", settings, "start")

    def stop(self) -> None:
        """Take it away, connections and all."""
        self._control("-m", "immediate", "stop")

    def _control(self, *arguments: str, check: bool = True) -> None:
        control: list[str | Path] = [
            self._tools / "pg_ctl",
            "-D",
            f"{self._folder}/db",
            "-w",
            "-l",
            f"{self._folder}/log",
        ]
        subprocess.run([*self._as, *control, *arguments], check=check, capture_output=True, cwd="/")
