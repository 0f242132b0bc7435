"""coturn, a TURN server from Debian."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from tests.foreign.product import Product

RELAY_PORTS = (22000, 22200)


class Coturn(Product):
    """The server with one long-term user. It also relays to addresses of this machine, which a real one must not."""

    name = "coturn"
    needs = (Path("/usr/bin/turnserver"),)
    user, secret = "lesson", "Turn-and-turn-7"

    @property
    def url(self) -> str:
        """The address of the relay."""
        return f"turn:{self.host}:{self.port}"

    def configure(self) -> None:
        """Writes its configuration."""
        low, high = RELAY_PORTS
        (self.folder / "turnserver.conf").write_text(
            f"""listening-ip={self.host}
relay-ip={self.host}
listening-port={self.port}
min-port={low}
max-port={high}
realm=firstbell.example
lt-cred-mech
user={self.user}:{self.secret}
allow-loopback-peers
no-tls
no-dtls
no-cli
pidfile={self.folder}/pid
log-file=stdout
"""
        )

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground."""
        return ["turnserver", "-c", self.folder / "turnserver.conf"]

    def is_ready(self) -> bool:
        """Tells whether it takes TCP connections."""
        with socket.socket() as attempt:
            attempt.settimeout(1)
            return attempt.connect_ex((self.host, self.port)) == 0
