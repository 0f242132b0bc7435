"""Janus, an SFU from Debian, with the web page of its video room."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.foreign.product import Product, answers

PAGES = Path("/usr/share/janus/demos")
CONFIGURATION = Path("/etc/janus")
MEDIA_PORTS = (21000, 21400)
PAGE = "videoroomtest.html"


class Janus(Product):
    """The media server. Its room 1234 has places for `places` people who send."""

    name = "janus"
    needs = (Path("/usr/bin/janus"), PAGES / PAGE)

    def __init__(self, host: str, places: int = 6) -> None:
        super().__init__(host)
        self.places = places
        self.turn = ""

    @property
    def url(self) -> str:
        """The interface that its pages speak to."""
        return f"http://{self.host}:{self.port}/janus"

    @property
    def ports(self) -> Path:
        """The folder of its configuration."""
        return self.folder / "etc"

    def configure(self) -> None:
        """Debian's configuration with this process's address, ports and room."""
        etc = self.folder / "etc"
        etc.mkdir()
        plugins = "/usr/lib/x86_64-linux-gnu/janus"
        low, high = MEDIA_PORTS
        (etc / "janus.jcfg").write_text(
            f"""general: {{
  configs_folder = "{etc}"
  plugins_folder = "{plugins}/plugins"
  transports_folder = "{plugins}/transports"
  events_folder = "{plugins}/events"
  loggers_folder = "{plugins}/loggers"
  debug_level = 4
}}
media: {{ rtp_port_range = "{low}-{high}" }}
plugins: {{ disable = "{_all_but("plugin", "videoroom")}" }}
transports: {{ disable = "{_all_but("transport", "http")}" }}
"""
        )
        (etc / "janus.transport.http.jcfg").write_text(
            f"""general: {{ json = "compact" base_path = "/janus" http = true port = {self.port} }}
admin: {{ admin_http = false }}
"""
        )
        self.set_places(self.places)

    def set_places(self, places: int) -> None:
        """Writes the room's size; it holds from the next start."""
        (self.folder / "etc" / "janus.plugin.videoroom.jcfg").write_text(
            f'room-1234: {{ description = "Demo Room" publishers = {places} bitrate = 512000 fir_freq = 10 }}\n'
        )

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground."""
        return ["janus", "--configs-folder", self.folder / "etc"]

    def is_ready(self) -> bool:
        """Tells whether its interface answers."""
        return answers(f"{self.url}/info")


class JanusPages(Product):
    """The web pages of the video room, on a web server of their own. `scripts` is the origin of the libraries that they
    load, as the pages of the project's own site load theirs from a public CDN; "" for the same web server."""

    name = "janus-pages"
    needs = Janus.needs

    def __init__(self, host: str, janus: Janus, scripts: str = "") -> None:
        super().__init__(host)
        self._janus, self._scripts = janus, scripts

    @property
    def url(self) -> str:
        """The page of the video room."""
        return f"http://{self.host}:{self.port}/{PAGE}"

    def configure(self) -> None:
        """Links to the packaged pages, and the settings that a site writes itself."""
        site = self.folder / "site"
        site.mkdir()
        for file in PAGES.iterdir():
            (site / file.name).symlink_to(file)
        if self._scripts:
            (site / PAGE).unlink()
            page = (PAGES / PAGE).read_text()
            (site / PAGE).write_text(re.sub(r'(src|href)="(javascript/)', rf'\1="{self._scripts}/\2', page))
        self.set_ice_servers([])

    def set_ice_servers(self, servers: list[dict[str, str]]) -> None:
        """Writes the addresses of the media server and its relays into the pages' settings."""
        settings = self.folder / "site" / "settings.js"
        settings.unlink(missing_ok=True)
        settings.write_text(
            f"var server = {json.dumps(self._janus.url)};\n"
            f"var iceServers = {json.dumps(servers or None)};\n"
            "var token, apisecret;\n"
        )

    def command(self) -> Sequence[str | Path]:
        """Python's web server."""
        where: list[str | Path] = ["--bind", self.host, "--directory", self.folder / "site"]
        return [sys.executable, "-m", "http.server", *where, str(self.port)]


class Scripts(Product):
    """A host of script libraries, as a public CDN is one."""

    name = "scripts"
    needs = Janus.needs

    def configure(self) -> None:
        """Needs nothing."""

    def command(self) -> Sequence[str | Path]:
        """Python's web server over the packaged libraries."""
        return [sys.executable, "-m", "http.server", "--bind", self.host, "--directory", PAGES, str(self.port)]

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        return f"http://{self.host}:{self.port}"


def _all_but(kind: str, wanted: str) -> str:
    folder = Path("/usr/lib/x86_64-linux-gnu/janus") / f"{kind}s"
    return ",".join(sorted(file.name for file in folder.glob("*.so") if wanted not in file.name))
