"""A district of products that we did not write: two identity providers, a learning platform, a live room, a script host
and a relay."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.foreign import canaille, glewlwyd, kolibri
from tests.foreign.canaille import Canaille
from tests.foreign.coturn import Coturn
from tests.foreign.glewlwyd import Glewlwyd
from tests.foreign.janus import Janus, JanusPages, Scripts
from tests.foreign.kolibri import Kolibri

JOURNEYS = Path(__file__).parent / "my_journeys"
HOSTS = {
    "sign-in": "127.64.0.1",
    "room": "127.64.0.2",
    "learning": "127.64.0.3",
    "scripts": "127.64.0.4",
    "accounts": "127.64.0.5",
}
"""The address of each product. Each service has one of its own, and all of 127.0.0.0/8 is this machine."""
RELAY_HOST = "127.64.0.2"
CONTROL_HOST = "127.64.0.9"
CONFIG = """\
[school]
name = "Bayfront"
timezone = "America/New_York"
journeys = ["my_journeys"]

[services.sign-in]
owner = "Sign-in team"
url = "{sign_in}"

[services.learning]
owner = "Learning team"
url = "{learning}"

[services.accounts]
owner = "Accounts team"
url = "{accounts}"

[services.room]
owner = "Room team"
url = "{room}"
hosts = ["{media_host}"]

[accounts.student]
username = "{student}"
display_name = "IvyZz"
password = "file:{folder}/student.password"

[accounts.teacher]
username = "zz.teacher01"
display_name = "TomZz"
password = "file:{folder}/student.password"

[accounts.pupil]
username = "{pupil}"
display_name = "IvyZz"
password = "file:{folder}/pupil.password"

[accounts.reader]
username = "{reader}"
display_name = "IvyZz"
password = "file:{folder}/reader.password"

[diagnosis]
controls = ["{control}"]

[browser]
step_limit = "12s"
{extra}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """The running products, and the folder with firstbell.toml and the journeys."""

    folder: Path
    sign_in: Glewlwyd
    learning: Kolibri
    accounts: Canaille
    janus: Janus
    room: JanusPages
    scripts: Scripts
    relay: Coturn
    control: Scripts

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "firstbell.toml"


@contextmanager
def open_district(extra: str = "") -> Iterator[District]:
    """Starts all products and writes the folder. `extra` is added to firstbell.toml. Raises NotInstalled."""
    for product in (Glewlwyd, Canaille, Kolibri, Janus, Coturn):
        product.require()
    with ExitStack() as stack:
        folder = Path(mkdtemp(prefix="firstbell-district-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        janus = stack.enter_context(Janus(HOSTS["room"]))
        scripts = stack.enter_context(Scripts(HOSTS["scripts"]))
        district = District(
            folder=folder,
            sign_in=stack.enter_context(Glewlwyd(HOSTS["sign-in"])),
            learning=stack.enter_context(Kolibri(HOSTS["learning"])),
            accounts=stack.enter_context(Canaille(HOSTS["accounts"])),
            janus=janus,
            scripts=scripts,
            room=stack.enter_context(JanusPages(HOSTS["room"], janus, scripts.url)),
            relay=stack.enter_context(Coturn(RELAY_HOST)),
            control=stack.enter_context(Scripts(CONTROL_HOST)),
        )
        write_folder(district, extra)
        yield district


def write_folder(district: District, extra: str) -> None:
    """Writes the configuration, the passwords and the journeys, as a district would keep them."""
    shutil.copytree(JOURNEYS, district.folder / "my_journeys", ignore=shutil.ignore_patterns("__pycache__"))
    (district.folder / "student.password").write_text(glewlwyd.STUDENT["password"])
    (district.folder / "reader.password").write_text(canaille.STUDENT["password"])
    (district.folder / "pupil.password").write_text(kolibri.STUDENT["password"])
    district.config.write_text(
        CONFIG.format(
            folder=district.folder,
            sign_in=f"{district.sign_in.origin}/login.html?callback_url={district.sign_in.url}&scope=g_profile",
            learning=district.learning.url,
            room=district.room.url,
            accounts=f"{district.accounts.url}/login",
            reader=canaille.STUDENT["user_name"],
            media_host=district.janus.host,
            student=glewlwyd.STUDENT["username"],
            pupil=kolibri.STUDENT["username"],
            control=district.control.url,
            extra=extra,
        )
    )
