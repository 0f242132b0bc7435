"""PostgreSQL server that tests start in a temporary folder."""

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
    """A PostgreSQL server on a free port. It refuses to run as root, so as root it runs as user postgres."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="firstbell-pg-")
        is_root = os.geteuid() == 0
        if is_root:
            shutil.chown(self._folder, "postgres", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run_as: list[str | Path] = ["runuser", "-u", "postgres", "--"] if is_root else []
        self._tools = INSTALLED[-1].parent
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        make: list[str | Path] = [self._tools / "initdb", "-D", f"{self._folder}/db", "-A", "trust", "-U", "postgres"]
        subprocess.run([*self._run_as, *make], check=True, capture_output=True, cwd="/")
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._pg_ctl("-m", "immediate", "stop", check=False)
        shutil.rmtree(self._folder)

    def emptied(self) -> str:
        """Empties all tables. Returns the database's address."""
        engine = open_database(self.url)
        with engine.begin() as connection:
            names = ", ".join(table.name for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        engine.dispose()
        return self.url

    def start(self) -> None:
        """Starts the server."""
        settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._pg_ctl("-o", settings, "start")

    def stop(self) -> None:
        """Stops the server and ends all connections."""
        self._pg_ctl("-m", "immediate", "stop")

    def _pg_ctl(self, *arguments: str, check: bool = True) -> None:
        control: list[str | Path] = [
            self._tools / "pg_ctl",
            "-D",
            f"{self._folder}/db",
            "-w",
            "-l",
            f"{self._folder}/log",
        ]
        subprocess.run([*self._run_as, *control, *arguments], check=check, capture_output=True, cwd="/")
