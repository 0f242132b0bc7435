"""The hosts to check and the egress to use: hosts of the services, and controls that are unrelated to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Service

DNS_PORT = 53
PORTS = {"http": 80, "https": 443, "stun": 3478, "turn": 3478}
_PATTERN = frozenset("*?[")


class TargetKind(Enum):
    """The protocol family of a host."""

    WEB = "web"
    RELAY = "relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Credentials for a TURN server."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One host to check. `host` holds the port; `service` is empty for a control. `is_secondary`: the host is named in
    addition to its service's address."""

    host: str
    url: str
    service: str = ""
    is_control: bool = False
    is_secondary: bool = False
    kind: TargetKind
    credentials: Credentials | None = None

    @property
    def name(self) -> str:
        """The host without its port, and without the brackets of an IPv6 address."""
        return urlsplit(f"//{self.host}").hostname or self.host

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(f"//{self.host}").port or PORTS["https"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """The network egress of a location. A `proxy` (http://host:port) resolves names itself. `resolver` is the name
    server in use, the system's if empty; `second` is asked in addition. Both are addresses, port optional. `cas`
    are files of authorities that are trusted in addition to the system's."""

    proxy: str = ""
    resolver: str = ""
    second: str = ""
    cas: tuple[Path, ...] = ()


def target_of(
    url: str, *, service: str = "", is_control: bool = False, credentials: Credentials | None = None
) -> Target:
    """Parses an address into a target: http, https, stun or turn (RFC 7064, 7065). Raises ValueError for others."""
    scheme, _, rest = url.partition(":")
    if scheme not in PORTS:
        raise ValueError(f"a host is checked by http, https, stun or turn, not by '{scheme}'")
    parts = urlsplit(url if rest.startswith("//") else f"{scheme}://{rest}")
    if not parts.hostname or parts.username is not None:
        raise ValueError("an address names a host, and no user name or password")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Target(
        host=f"{name}:{parts.port or PORTS[scheme]}",
        url=url,
        service=service,
        is_control=is_control,
        kind=TargetKind.WEB if scheme.startswith("http") else TargetKind.RELAY,
        credentials=credentials,
    )


def targets_of(services: Iterable[Service], controls: Iterable[str]) -> list[Target]:
    """Lists each host once: addresses of the services, their other hosts that are not patterns, and the controls."""
    services = list(services)
    found: dict[str, Target] = {}
    control_targets = (target_of(url, is_control=True) for url in controls)
    for target in (*_entry_targets(services), *_other_host_targets(services), *_relays(services), *control_targets):
        found.setdefault(target.host, target)
    return list(found.values())


def _entry_targets(services: Iterable[Service]) -> Iterator[Target]:
    return (target_of(service.url, service=service.name) for service in services if service.url)


def _other_host_targets(services: Iterable[Service]) -> Iterator[Target]:
    """Other hosts of each service; their first page is requested with the scheme of the service's address."""
    for service in services:
        entry = urlsplit(service.url)
        for host in service.own_hosts:
            if host != entry.hostname and not _PATTERN & set(host):
                other = target_of(f"{entry.scheme or 'https'}://{host}/", service=service.name)
                yield replace(other, is_secondary=bool(service.url))


def _relays(services: Iterable[Service]) -> Iterator[Target]:
    return (target_of(relay, service=service.name) for service in services for relay in service.relays)


def name_server_of(text: str) -> tuple[str, int]:
    """Parses the address and port of a name server. Raises ValueError."""
    if is_address(text):
        return text, DNS_PORT
    parts = urlsplit(f"//{text}")
    if parts.hostname is None or not is_address(parts.hostname):
        raise ValueError('a name server is an address, with or without a port, such as "1.1.1.1"')
    return parts.hostname, parts.port or DNS_PORT


def is_address(text: str) -> bool:
    """Tells whether a text is an IP address and not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
