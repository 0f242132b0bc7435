"""What a cheap check of a host found, part by part: its name, a connection, its certificate, its page, its relay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class CheckPart(Enum):
    """The parts of the way to a host, in the order in which they are gone."""

    NAMES = "names"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    STUN = "stun"


class HostFault(Enum):
    """Why a part of the way could not be gone."""

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
    """What kind of thing a page is, as far as its first bytes show."""

    PAGE = "page"
    REDIRECT = "redirect"
    MAINTENANCE = "maintenance"
    CAPTIVE_PORTAL = "captive-portal"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsLookup:
    """What one resolver says to a name."""

    addresses: tuple[str, ...] = ()
    trouble: HostFault | None = None
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsLookups:
    """What the name server in use says (the system's, but for a location with its own), and what a second one says that
    was asked beside it."""

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
    """What a host shows of itself. `names` are those it is for; `sha256` is the whole certificate's, in hex."""

    names: tuple[str, ...]
    issuer: str
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsHandshake:
    """TLS with a host. The certificate is there even when it was not accepted; None when none was shown."""

    trouble: HostFault | None = None
    certificate: Certificate | None = None
    said: str = ""
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a request was answered with. `status` is 0 without an answer. `first_byte_ms` counts from the request, not
    from the connection; `clock_ahead_s` is how far the server's Date is ahead of this machine's clock. `scripts` are
    those that the page asks for: a file's name, and a short hash of its address and of the integrity it must have."""

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
    """A STUN or TURN server by both ways. `allocate` is None where no credentials were given."""

    udp: Connection
    tcp: Connection
    allocate: Connection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEnding:
    """Where the way to a host ends, and why."""

    stage: CheckPart
    trouble: HostFault


WELL, DEGRADED = "well", "degraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheck:
    """One check of one host, from one place at one moment.

    `host` holds the port ("portal.example:443"). `service` is whose host it is, empty for a control. A part that was
    not come to is None, or empty; `in_hand` is the part that was being gone when time ran out. `is_secondary`: it is
    named beside its service's front door, and may never be there for whoever looks from here.
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
        """Where the way ends; None where it leads all the way."""
        return next(self._endings(), None)

    @property
    def ends_at(self) -> str:
        """The part that the way ends at, in one word; empty where it leads all the way."""
        return self.ending.stage.value if self.ending else ""

    @property
    def is_degraded(self) -> bool:
        """It is reached, and not by every way: one address is dead, or a relay is there without UDP."""
        if self.ending:
            return False
        is_partly_dead = any(reach.trouble for reach in self.tcp)
        return is_partly_dead or (self.stun is not None and self.stun.udp.trouble is not None)

    @property
    def verdict(self) -> str:
        """`well`, `degraded`, or what the trouble is."""
        if self.ending:
            return self.ending.trouble.value
        return DEGRADED if self.is_degraded else WELL

    @property
    def dead_families(self) -> tuple[str, ...]:
        """The address families of which no address answers."""
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
        if self.stun and (trouble := _of_relay(self.stun)):
            yield CheckEnding(stage=CheckPart.STUN, trouble=trouble)
        if self.in_hand:
            yield CheckEnding(stage=self.in_hand, trouble=HostFault.UNFINISHED)


def _of_relay(relay: RelayCheck) -> HostFault | None:
    """A relay that one of the two ways leads to is there, as long as it lets people in."""
    if relay.udp.trouble and relay.tcp.trouble:
        return relay.udp.trouble
    return relay.allocate.trouble if relay.allocate else None


def fault_of_status(status: int) -> HostFault | None:
    """What an HTTP status says about a host. Only what a front door never says while it works is trouble: a page that
    wants a sign-in (401, 403) or is not there (404) comes from a host that does its work."""
    if status == 511:  # RFC 6585, 6: "Network Authentication Required", from what stands in the way
        return HostFault.CAPTIVE_PORTAL
    if status == 407:
        return HostFault.PROXY_REFUSED
    return HostFault.HTTP_ERROR if status >= 500 or status == 429 else None
