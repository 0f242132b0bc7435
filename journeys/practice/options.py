"""Options of a practice school: domain, TLS and name server, and the faults that they allow."""

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
        "start the practice school with its own domain, as root and with its name server in /etc/resolv.conf:"
        " firstbell practice --domain practice.test --tls, or the same in [practice]"
    ),
}
"""For each value of Fault.needs, how to start the practice school with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeOptions:
    """Options of a practice school. `domain` is "localhost", which every browser resolves to this machine by itself
    (RFC 6761), or a domain that the school's own name server answers for, on port 53 of loopback address `names`."""

    tls: bool = False
    domain: str = LOCALHOST
    names: str = NAME_SERVER

    @property
    def has_names(self) -> bool:
        """True if the school runs its own name server."""
        return self.domain != LOCALHOST

    @property
    def problem(self) -> str:
        """The reason why these options do not work, in one sentence; "" if they do."""
        if self.has_names and not self.tls:
            return (
                f"{self.domain} needs TLS (tls = true): outside localhost, browsers give a camera to HTTPS pages only"
            )
        return ""

    @property
    def hosts(self) -> dict[str, str]:
        """Host names of the district, by service."""
        return {service: f"{label}.{self.domain}" for service, label in SERVICES.items()}

    @property
    def controls(self) -> tuple[str, ...]:
        """Host names of the control hosts."""
        return tuple(self.outside_host(label) for label in CONTROLS)

    def outside_host(self, label: str) -> str:
        """Returns the name of a host outside the district."""
        return f"{label}.elsewhere.test" if self.has_names else f"{label}.{LOCALHOST}"

    def origin(self, service: str, port: int) -> str:
        """Returns a service's address."""
        return f"{'https' if self.tls else 'http'}://{self.hosts[service]}:{port}"

    def lacks(self, needs: str) -> str:
        """Returns how to start the practice school with what a fault `needs`; "" if it has it."""
        has = {"tls": self.tls, "names": self.has_names}
        return "" if not needs or has[needs] else ADVICE[needs]
