"""Where a practice school stands: under which names, behind which certificates, and what of it can therefore break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LOCALHOST = "localhost"
NAME_SERVER = "127.0.0.77"
SERVICES = {
    "edge": "portal",
    "sign-in": "sign-in",
    "platform": "learn",
    "live-class": "live",
    "plan-b": "meet",
}
CONTROLS = ("control-a", "control-b")
GUEST_WIFI = "guest-wifi"

ADVICE: Mapping[str, str] = {
    "tls": "start the practice school with TLS: firstbell practice --tls, or [practice] tls = true",
    "names": (
        "start the practice school with names of its own, as root and with its name server in /etc/resolv.conf:"
        " firstbell practice --domain practice.test --tls, or the same in [practice]"
    ),
}
"""For what a fault needs, how to have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeOptions:
    """`domain` is "localhost", whose names every browser resolves to this machine by itself (RFC 6761), or one that
    is asked for at a name server of ours, on port 53 of the loopback address `names`."""

    tls: bool = False
    domain: str = LOCALHOST
    names: str = NAME_SERVER

    @property
    def has_names(self) -> bool:
        """Whether there is a name server."""
        return self.domain != LOCALHOST

    @property
    def problem(self) -> str:
        """Why a practice school cannot stand there, in one sentence; nothing where it can."""
        if self.has_names and not self.tls:
            why = "elsewhere than at localhost browsers give a camera only to pages behind it"
            return f"{self.domain} needs TLS (tls = true): {why}"
        return ""

    @property
    def hosts(self) -> dict[str, str]:
        """The district's hosts, by service."""
        return {service: f"{label}.{self.domain}" for service, label in SERVICES.items()}

    @property
    def controls(self) -> tuple[str, ...]:
        """Hosts that have nothing to do with the district."""
        return tuple(self.elsewhere(label) for label in CONTROLS)

    def elsewhere(self, label: str) -> str:
        """A host outside the district."""
        return f"{label}.elsewhere.test" if self.has_names else f"{label}.{LOCALHOST}"

    def origin(self, service: str, port: int) -> str:
        """A service's address."""
        return f"{'https' if self.tls else 'http'}://{self.hosts[service]}:{port}"

    def lacks(self, needs: str) -> str:
        """What to do where something is needed that is not here; nothing where it is."""
        has = {"tls": self.tls, "names": self.has_names}
        return "" if not needs or has[needs] else ADVICE[needs]
