"""The scope of a bag: one service and its hosts, or everything."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

CALLS = ("live-class", "plan-b")
"""The services with media."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A service, its owner, and its host names (`*` is allowed). Without a service the scope covers everything."""

    service: str = ""
    owner: str = ""
    hosts: tuple[str, ...] = ()

    @property
    def is_narrow(self) -> bool:
        """True if anything is left out."""
        return bool(self.service)

    def covers_host(self, host: str) -> bool:
        """Tell whether a host, with or without a port, is this service's own."""
        name = urlsplit(f"//{host}").hostname or ""
        return not self.is_narrow or any(fnmatchcase(name, pattern.lower()) for pattern in self.hosts)

    def covers_address(self, url: str) -> bool:
        """Tell whether an address is on one of its hosts."""
        return self.covers_host(urlsplit(url).netloc.rpartition("@")[2])

    @property
    def covers_calls(self) -> bool:
        """True if it covers calls: their pictures, figures and media proofs."""
        return any(map(self.covers_service, CALLS))

    def covers_service(self, service: str) -> bool:
        """Tell whether it covers steps that rely on a service."""
        return not self.is_narrow or service == self.service
