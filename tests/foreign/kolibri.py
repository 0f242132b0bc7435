"""Kolibri, a learning platform from PyPI: its sign-in and its pages."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.foreign.product import HOME, Product, answers

INSTALLED = HOME / "kolibri"
PROGRAM = INSTALLED / "bin" / "kolibri"
PREPARED = INSTALLED / "prepared"
STUDENT = {"username": "zzstudent01", "full_name": "IvyZz", "password": "Chalk-and-slate-8"}
PEOPLE = """
from kolibri.core.auth.models import Facility, FacilityUser
facility = Facility.get_default_facility()
facility.dataset.learner_can_login_with_no_password = False
facility.dataset.save()
student = FacilityUser(username="{username}", full_name="{full_name}", facility=facility)
student.set_password("{password}")
student.save()
"""


def prepare() -> None:
    """Makes the data folder that each start copies: a facility, an administrator and a student. It takes
    about 20 s, so it is done once, when the product is installed. Raises CalledProcessError."""
    shutil.rmtree(PREPARED, ignore_errors=True)
    environment = {**os.environ, "KOLIBRI_HOME": str(PREPARED)}
    administrator = ["--superusername", "administrator", "--superuserpassword", "Board-and-chalk-9"]
    school = ["--facility", "Bayfront", "--preset", "formal", "--language_id", "en", *administrator]
    people = PEOPLE.format(**STUDENT)
    for command in (["provisiondevice", "--noinput", *school], ["shell", "-c", people]):
        subprocess.run([PROGRAM, "manage", *command], check=True, env=environment, capture_output=True)


class Kolibri(Product):
    """The platform with one student."""

    name = "kolibri"
    needs = (PROGRAM, PREPARED)

    def configure(self) -> None:
        """Copies the prepared data."""
        shutil.copytree(PREPARED, self.folder / "home")

    @property
    def database(self) -> Path:
        """Its SQLite database."""
        return self.folder / "home" / "db.sqlite3"

    def environment(self) -> Mapping[str, str]:
        """Its data folder and address; it announces itself to no network."""
        return {
            "KOLIBRI_HOME": str(self.folder / "home"),
            "KOLIBRI_LISTEN_ADDRESS": self.host,
            "KOLIBRI_ZEROCONF_ENABLED": "false",
        }

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground."""
        return [PROGRAM, "start", "--foreground", "--port", str(self.port)]

    def is_ready(self) -> bool:
        """Tells whether the sign-in page answers."""
        return answers(f"{self.url}/en/auth/")
