"""For whom a bundle is: one service and its hosts, or everybody."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

CALLS = ("live-class", "plan-b")
"""The services in which people see and hear each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A service, who runs it, and the names of its hosts (`*` is allowed). Without a service it covers everything."""

    service: str = ""
    owner: str = ""
    hosts: tuple[str, ...] = ()

    @property
    def is_narrow(self) -> bool:
        """Whether anything is left out for it."""
        return bool(self.service)

    def covers_host(self, host: str) -> bool:
        """Whether a host, with or without a port, is this service's own."""
        name = urlsplit(f"//{host}").hostname or ""
        return not self.is_narrow or any(fnmatchcase(name, pattern.lower()) for pattern in self.hosts)

    def covers_address(self, url: str) -> bool:
        """Whether an address lies on one of its hosts."""
        return self.covers_host(urlsplit(url).netloc.rpartition("@")[2])

    @property
    def covers_calls(self) -> bool:
        """Whether it is about calls: their pictures, figures and proofs."""
        return any(map(self.covers_service, CALLS))

    def covers_service(self, service: str) -> bool:
        """Whether a step that relies on a service is about this one."""
        return not self.is_narrow or service == self.service
