"""The result of a cheap check of a host, part by part: name, connection, certificate, page, relay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class CheckPart(Enum):
    """The parts of a check, in the order in which they are made."""

    NAMES = "names"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    STUN = "stun"


class HostFault(Enum):
    """The reason why a part of a check failed."""

    NAME_GONE = "name-gone"
    NAME_SERVER_SILENT = "name-server-silent"
    NAME_SERVER_FAILED = "name-server-failed"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_EARLY = "certificate-early"
    CERTIFICATE_NAME = "certificate-name"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    TLS_FAILED = "tls-failed"
    HTTP_ERROR = "http-error"
    CAPTIVE_PORTAL = "captive-portal"
    NOT_HTTP = "not-http"
    NOT_STUN = "not-stun"
    CREDENTIALS_REFUSED = "credentials-refused"
    RELAY_REFUSED = "relay-refused"
    PROXY_GONE = "proxy-gone"
    PROXY_REFUSED = "proxy-refused"
    UNFINISHED = "unfinished"


class PageKind(Enum):
    """The kind of a page, as far as its first bytes show."""

    PAGE = "page"
    REDIRECT = "redirect"
    MAINTENANCE = "maintenance"
    CAPTIVE_PORTAL = "captive-portal"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsLookup:
    """The answer of one resolver for a name."""

    addresses: tuple[str, ...] = ()
    trouble: HostFault | None = None
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsLookups:
    """The answers of the name server in use (the system's, or the location's own) and of a second one, if any."""

    system: DnsLookup
    second: DnsLookup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection to one address; through a proxy the address is the proxy's own."""

    address: str
    trouble: HostFault | None = None
    took_ms: float = 0.0

    @property
    def family(self) -> str:
        """IPv4 or IPv6."""
        return "IPv6" if ":" in self.address else "IPv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The certificate of a host. `names` are the host names it is for; `sha256` is its fingerprint in hex."""

    names: tuple[str, ...]
    issuer: str
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsHandshake:
    """A TLS handshake with a host. `certificate` is set even when it was not accepted; None when none was sent."""

    trouble: HostFault | None = None
    certificate: Certificate | None = None
    said: str = ""
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """The answer to an HTTP request. `status` is 0 without an answer. `first_byte_ms` counts from the request, not from
    the connection; `clock_ahead_s` is how far the server's Date is ahead of this machine's clock. `scripts` are the
    scripts of the page: a file name with a short hash of its address and its integrity attribute."""

    status: int = 0
    trouble: HostFault | None = None
    kind: PageKind = PageKind.OTHER
    title: str = ""
    location_host: str = ""
    scripts: tuple[str, ...] = ()
    clock_ahead_s: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayCheck:
    """A STUN or TURN server by UDP and TCP. `allocate` is None where no credentials were given."""

    udp: Connection
    tcp: Connection
    allocate: Connection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEnding:
    """The part at which a check of a host failed, and the reason."""

    stage: CheckPart
    trouble: HostFault


WELL, DEGRADED = "well", "degraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheck:
    """One check of one host, from one location at one moment.

    `host` holds the port ("portal.example:443"). `service` is the service that owns it, empty for a control. A part
    that was not reached is None, or empty; `in_hand` is the part under way when time ran out. `is_secondary`: the host
    is named in addition to its service's address, and may never be reachable from this location.
    """

    host: str
    service: str
    at: datetime
    is_control: bool = False
    is_secondary: bool = False
    names: DnsLookups | None = None
    tcp: tuple[Connection, ...] = ()
    tls: TlsHandshake | None = None
    http: HttpAnswer | None = None
    stun: RelayCheck | None = None
    in_hand: CheckPart | None = None

    @property
    def ending(self) -> CheckEnding | None:
        """The first failure of the check; None where all parts passed."""
        return next(self._endings(), None)

    @property
    def ends_at(self) -> str:
        """The part that failed, in one word; empty where all parts passed."""
        return self.ending.stage.value if self.ending else ""

    @property
    def is_degraded(self) -> bool:
        """Tells whether the host is reached only in part: one address is dead, or a relay answers by TCP alone."""
        if self.ending:
            return False
        is_partly_dead = any(reach.trouble for reach in self.tcp)
        return is_partly_dead or (self.stun is not None and self.stun.udp.trouble is not None)

    @property
    def verdict(self) -> str:
        """`well`, `degraded`, or the value of the fault."""
        if self.ending:
            return self.ending.trouble.value
        return DEGRADED if self.is_degraded else WELL

    @property
    def dead_families(self) -> tuple[str, ...]:
        """The address families in which no address answers."""
        alive = {reach.family for reach in self.tcp if reach.trouble is None}
        return tuple(sorted({reach.family for reach in self.tcp} - alive))

    def _endings(self) -> Iterator[CheckEnding]:
        if self.names and self.names.system.trouble:
            yield CheckEnding(stage=CheckPart.NAMES, trouble=self.names.system.trouble)
        if self.tcp and all(reach.trouble for reach in self.tcp):
            yield CheckEnding(stage=CheckPart.TCP, trouble=self.tcp[0].trouble or HostFault.NO_ANSWER)
        if self.tls and self.tls.trouble:
            yield CheckEnding(stage=CheckPart.TLS, trouble=self.tls.trouble)
        if self.http and self.http.trouble:
            yield CheckEnding(stage=CheckPart.HTTP, trouble=self.http.trouble)
        if self.stun and (fault := _relay_fault(self.stun)):
            yield CheckEnding(stage=CheckPart.STUN, trouble=fault)
        if self.in_hand:
            yield CheckEnding(stage=self.in_hand, trouble=HostFault.UNFINISHED)


def _relay_fault(relay: RelayCheck) -> HostFault | None:
    """The fault of a relay: a relay that UDP or TCP reaches is up, as long as it accepts the credentials."""
    if relay.udp.trouble and relay.tcp.trouble:
        return relay.udp.trouble
    return relay.allocate.trouble if relay.allocate else None


def fault_of_status(status: int) -> HostFault | None:
    """The fault that an HTTP status shows, if any. Only a status that a working entry page never has is a fault: a page
    that requires a sign-in (401, 403) or does not exist (404) comes from a host that works."""
    if status == 511:  # RFC 6585, 6: "Network Authentication Required", from a gateway on the path
        return HostFault.CAPTIVE_PORTAL
    if status == 407:
        return HostFault.PROXY_REFUSED
    return HostFault.HTTP_ERROR if status >= 500 or status == 429 else None
