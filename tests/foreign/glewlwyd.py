"""Glewlwyd, a single sign-on server from Debian: its sign-in page and each person's profile page, in SQLite."""

from __future__ import annotations

import re
import shutil
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import urllib3

from tests.foreign.product import WEB, Product, answers

PACKAGED = Path("/etc/glewlwyd/glewlwyd.conf")
PAGES = Path("/usr/share/glewlwyd/webapp")
PAGES_SETTINGS = Path("/etc/glewlwyd/config-2.7.json/config.json")
SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
STUDENT: dict[str, str] = {"username": "zz.student01", "name": "IvyZz", "password": "Chalk-and-slate-7"}
RIGHTS: dict[str, object] = {"scope": ["g_profile", "openid"], "enabled": True}
# The password of the administrator that Debian's database script creates.
ADMINISTRATOR = {"username": "admin", "password": "password"}


class Glewlwyd(Product):
    """The server with one student account. `certificate` is a PEM file with key and chain; with it TLS is spoken."""

    name = "glewlwyd"
    needs = (Path("/usr/bin/glewlwyd"), PACKAGED, SCHEMA)

    def __init__(self, host: str, certificate: Path | None = None) -> None:
        super().__init__(host)
        self.certificate = certificate

    @property
    def url(self) -> str:
        """The profile page, which asks for a sign-in."""
        return f"{self.origin}/profile.html"

    @property
    def origin(self) -> str:
        """Scheme, address and port."""
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}"

    @property
    def database(self) -> Path:
        """Its SQLite database."""
        return self.folder / "glewlwyd.db"

    def configure(self) -> None:
        """Debian's configuration with this process's address, database and log; and the database that Debian makes."""
        own = {
            "port": str(self.port),
            "bind_address": f'"{self.host}"',
            "external_url": f'"{self.origin}/"',
            "log_mode": '"console"',
            "static_files_path": f'"{self.folder / "webapp"}/"',
            "use_secure_connection": "true" if self.certificate else "false",
            "secure_connection_key_file": f'"{self.certificate or ""}"',
            "secure_connection_pem_file": f'"{self.certificate or ""}"',
        }
        text = re.sub(rf"(?m)^({'|'.join(own)}|@include|secure_connection_ca_file)\b.*$", "", PACKAGED.read_text())
        lines = [f"{key}={value}" for key, value in own.items()]
        lines.append(f'database = {{ type = "sqlite3"; path = "{self.database}" }};')
        (self.folder / "glewlwyd.conf").write_text("\n".join([text, *lines]))
        # The packaged folder links to libraries outside it, and the server follows no link out of its folder.
        pages = shutil.copytree(PAGES, self.folder / "webapp")
        # Debian 12 links the pages' settings to a folder that holds the file.
        shutil.rmtree(pages / "config.json")
        shutil.copy(PAGES_SETTINGS, pages / "config.json")
        with sqlite3.connect(self.database) as database:
            database.executescript(SCHEMA.read_text())
        database.close()

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground."""
        return ["glewlwyd", "--config-file", self.folder / "glewlwyd.conf"]

    def is_ready(self) -> bool:
        """Tells whether the server's interface answers."""
        return answers(f"{self.origin}/config")

    def fill(self) -> None:
        """Creates the student's account, as the administration page does."""
        self._ask("POST", "/api/user?source=database", {**STUDENT, **RIGHTS})

    def set_student(self, **changes: object) -> None:
        """Changes the student's account, such as `enabled=False` or `password="..."`."""
        self._ask("PUT", f"/api/user/{STUDENT['username']}?source=database", {**STUDENT, **RIGHTS, **changes})

    def _ask(self, method: str, path: str, body: Mapping[str, object]) -> None:
        """Sends one request of the administrator's. Raises urllib3's errors."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            signed_in = WEB.request("POST", f"{self.origin}/api/auth/", json=ADMINISTRATOR, timeout=10)
            cookie = signed_in.headers["Set-Cookie"].partition(";")[0]
            done = WEB.request(method, self.origin + path, json=body, headers={"Cookie": cookie}, timeout=10)
        assert done.status == 200, done.data
