"""ICE of a page: the servers that it asked, their answers, and the candidates that were found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Fact = TypeVar("Fact")

# webrtc-pc, RTCPeerConnectionIceErrorEvent: no answer from the server, or none can be reached. Others are STUN's own.
UNREACHABLE = 701
# RFC 8656 and RFC 8489: unauthorized, forbidden, stale nonce, wrong credentials.
CREDENTIALS = frozenset({401, 403, 438, 441})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class IceCandidate:
    """A kind of address that was gathered or received: `protocol` udp or tcp (of a relay: how the relay is reached)."""

    kind: str
    protocol: str
    server: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class IceError:
    """A failed request to a server: STUN's error code, or 701 if no answer came."""

    server: str
    code: int
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IceFacts:
    """All connections of a page together. `servers` are addresses ("turn:host:port?transport=udp"), never credentials;
    `gathering` and `dtls` are the browser's own words for the connection that has come furthest."""

    gathering: str = ""
    dtls: str = ""
    servers: tuple[str, ...] = ()
    errors: tuple[IceError, ...] = ()
    gathered: tuple[IceCandidate, ...] = ()
    received: tuple[IceCandidate, ...] = ()

    @property
    def has_relay(self) -> bool:
        """Whether a relay has given this page an address."""
        return any(candidate.kind == "relay" for candidate in self.gathered)

    @property
    def refusal(self) -> IceError | None:
        """A server that refused the credentials, where no relay has given an address."""
        refusals = [error for error in self.errors if error.code in CREDENTIALS]
        return refusals[0] if refusals and not self.has_relay else None

    @property
    def is_udp_unanswered(self) -> bool:
        """Whether servers were asked by UDP, and none has answered."""
        asked = [server for server in self.servers if not is_tcp(server)]
        return bool(asked) and not any(self._has_answered(server) for server in asked)

    @property
    def pending(self) -> tuple[str, ...]:
        """Servers reached by TCP that have not answered yet; they may still give an address."""
        known = {error.server for error in self.errors} | {candidate.server for candidate in self.gathered}
        return tuple(server for server in self.servers if is_tcp(server) and server not in known)

    def _has_answered(self, server: str) -> bool:
        is_refusal = any(error.server == server and error.code != UNREACHABLE for error in self.errors)
        return is_refusal or any(candidate.server == server for candidate in self.gathered)


def is_tcp(server: str) -> bool:
    """Whether an address names a server that is reached by TCP (RFC 7065: TLS too is TCP)."""
    return "transport=tcp" in server or server.startswith(("turns:", "stuns:"))


# From new to done; a page with several connections has the state of the one that has come furthest.
DTLS_ORDER = ("", "new", "failed", "closed", "connecting", "connected")
GATHERING_ORDER = ("", "new", "gathering", "complete")


def read_ice(connections: Sequence[Mapping[str, Any]]) -> IceFacts:
    """The ICE facts of all connections that probe.js returned, as one."""
    return IceFacts(
        gathering=max(
            (str(connection["gathering"]) for connection in connections), key=GATHERING_ORDER.index, default=""
        ),
        dtls=max((str(connection["dtls"]) for connection in connections), key=DTLS_ORDER.index, default=""),
        servers=_distinct(_without_userinfo(server) for connection in connections for server in connection["servers"]),
        errors=_distinct(
            IceError(server=_without_userinfo(error["server"]), code=int(error["code"]), said=error["said"])
            for connection in connections
            for error in connection["errors"]
        ),
        gathered=_candidates(connections, "gathered"),
        received=_candidates(connections, "received"),
    )


def _candidates(connections: Sequence[Mapping[str, Any]], key: str) -> tuple[IceCandidate, ...]:
    return _distinct(
        IceCandidate(
            kind=candidate["kind"], protocol=candidate["protocol"], server=_without_userinfo(candidate["server"])
        )
        for connection in connections
        for candidate in connection[key]
    )


def _distinct(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys(facts))


def _without_userinfo(server: str) -> str:
    """An address without the part in front of an @, which does not belong there and may be a credential."""
    scheme, colon, rest = server.partition(":")
    return f"{scheme}{colon}{rest.rpartition('@')[2]}"
