"""TURN relay on loopback: carries media between two pages that find no direct path (part of RFC 8656).

It answers Binding, Allocate, Refresh, CreatePermission and ChannelBind, over UDP and TCP, with time-limited long-term
credentials that a room hands out. A relayed address is a UDP socket on loopback: nothing that it sends can leave the
machine.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aioice.stun import Class, Message, Method, parse_message

LOOPBACK = "127.0.0.1"
REALM = "live.localhost"
# Default lifetime of an allocation (RFC 8656, 3.2).
LIFETIME_S = 600
UDP_TRANSPORT = 17 << 24
CHANNELS = range(0x4000, 0x5000)
CHANNEL_HEADER, STUN_HEADER = 4, 20
DATAGRAM_LIMIT = 65536

Address = tuple[str, int]
SendAnswer = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRules:
    """Transports that the relay accepts at this moment. Read at each use."""

    accepts_udp: Callable[[], bool] = field(default=lambda: True)
    accepts_tcp: Callable[[], bool] = field(default=lambda: True)


class TurnCredentials:
    """Time-limited credentials of the "REST API for access to TURN services" draft: the username holds the expiry time,
    and the password is the username's HMAC."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(20)

    def credentials(self, client: str, *, until_s: float) -> tuple[str, str]:
        """Returns username and password of `client`, valid until `until_s` (Unix time)."""
        username = f"{int(until_s)}:{client}"
        return username, self._password(username)

    def key_of(self, username: str) -> bytes | None:
        """Returns the key that signs a user's messages; None if the username has expired or holds no time."""
        until, _, _client = username.partition(":")
        if not until.isdecimal() or int(until) < time.time():
            return None
        identity = f"{username}:{REALM}:{self._password(username)}"
        return hashlib.md5(identity.encode(), usedforsecurity=False).digest()  # RFC 8489, 9.2.2

    def _password(self, username: str) -> str:
        return base64.b64encode(hmac.digest(self._secret, username.encode(), "sha1")).decode()


class TurnAllocation:
    """One client's relayed address, and the peers that it may exchange data with."""

    def __init__(self, send: SendAnswer) -> None:
        self._send = send
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003  # the socket's own signature
        self._socket.bind((LOOPBACK, 0))
        self.address: Address = self._socket.getsockname()
        self.permitted: set[str] = set()
        self._peers: dict[int, Address] = {}
        self._numbers: dict[Address, int] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._relay_back)
        self._expiry: asyncio.TimerHandle | None = None

    def expire_after(self, lifetime_s: int) -> None:
        """Closes the allocation `lifetime_s` from now."""
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = self._loop.call_later(lifetime_s, self.close)

    @property
    def is_open(self) -> bool:
        """True while it relays."""
        return self._socket.fileno() >= 0

    def close(self) -> None:
        """Frees the address. May be called again."""
        if self.is_open:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        if self._expiry is not None:
            self._expiry.cancel()

    def bind(self, number: int, peer: Address) -> bool:
        """Binds a channel number to a peer; False if either is bound otherwise."""
        if self._peers.get(number, peer) != peer or self._numbers.get(peer, number) != number:
            return False
        self._peers[number], self._numbers[peer] = peer, number
        self.permitted.add(peer[0])
        return True

    def send(self, data: bytes, to: Address | int) -> None:
        """Relays data to a peer or to a channel number's peer. Drops it if it is not permitted or cannot be sent."""
        peer = self._peers.get(to) if isinstance(to, int) else to
        if peer is None or peer[0] not in self.permitted or not self.is_open:
            return
        with contextlib.suppress(OSError):  # Lost, as on any network.
            self._socket.sendto(data, peer)

    def _relay_back(self) -> None:
        with contextlib.suppress(OSError):
            while self.is_open:
                data, peer = self._socket.recvfrom(DATAGRAM_LIMIT)
                if peer[0] in self.permitted:
                    self._send(self._wrap(data, peer))

    def _wrap(self, data: bytes, peer: Address) -> bytes:
        if number := self._numbers.get(peer):
            return struct.pack("!HH", number, len(data)) + data + bytes(-len(data) % 4)
        attributes = {"XOR-PEER-ADDRESS": peer, "DATA": data}
        return bytes(Message(Method.DATA, Class.INDICATION, attributes=attributes))


class TurnError(Exception):
    """A request is answered with an error: its code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class TurnClient:
    """One client: a UDP address or a TCP connection, and its allocation, if any."""

    def __init__(self, keys: TurnCredentials, nonce: bytes, address: Address, send: SendAnswer) -> None:
        self._keys = keys
        self._nonce = nonce
        self._address = address
        self._send = send
        self._allocation: TurnAllocation | None = None

    def receive(self, data: bytes) -> None:
        """Handles one whole message. A malformed one is dropped."""
        if len(data) < CHANNEL_HEADER:
            return
        if data[0] >> 6 == 1:
            number, length = struct.unpack_from("!HH", data)
            if self._allocation:
                self._allocation.send(data[CHANNEL_HEADER : CHANNEL_HEADER + length], number)
            return
        try:
            message = parse_message(data)
        except (ValueError, struct.error):
            return
        if message.message_class is Class.REQUEST:
            self._send(bytes(self._respond(message)))
        elif message.message_method is Method.SEND and self._allocation:
            attributes = message.attributes
            if "DATA" in attributes and "XOR-PEER-ADDRESS" in attributes:
                self._allocation.send(attributes["DATA"], attributes["XOR-PEER-ADDRESS"])

    @property
    def has_allocation(self) -> bool:
        """True while the client has an open allocation, so that its state must be kept."""
        return self._allocation is not None and self._allocation.is_open

    def close(self) -> None:
        """Closes the client's allocation."""
        if self._allocation:
            self._allocation.close()

    def _respond(self, request: Message) -> Message:
        if request.message_method is Method.BINDING:
            return self._response(request, {"XOR-MAPPED-ADDRESS": self._address})
        key = self._keys.key_of(request.attributes.get("USERNAME", ""))
        if key is None or not request.check_message_integrity(key):
            attributes = {"ERROR-CODE": (401, "Unauthorized"), "REALM": REALM, "NONCE": self._nonce}
            return self._response(request, attributes, kind=Class.ERROR)
        try:
            response = self._response(request, self._handle(request))
        except TurnError as error:
            attributes = {"ERROR-CODE": (error.code, error.reason)}
            response = self._response(request, attributes, kind=Class.ERROR)
        response.add_message_integrity(key)
        return response

    def _handle(self, request: Message) -> dict[str, Any]:
        """Carries out a request. Returns the attributes of the answer. Raises TurnError."""
        attributes = request.attributes
        if request.message_method is Method.ALLOCATE:
            return self._allocate(attributes)
        if self._allocation is None or not self._allocation.is_open:
            raise TurnError(437, "Allocation Mismatch")
        match request.message_method:
            case Method.REFRESH:
                lifetime_s = min(attributes.get("LIFETIME", LIFETIME_S), LIFETIME_S)
                if lifetime_s:
                    self._allocation.expire_after(lifetime_s)
                else:
                    self._allocation.close()
                return {"LIFETIME": lifetime_s}
            case Method.CREATE_PERMISSION:
                self._allocation.permitted.add(_peer(attributes)[0])
                return {}
            case Method.CHANNEL_BIND:
                number = attributes.get("CHANNEL-NUMBER", 0)
                if number in CHANNELS and self._allocation.bind(number, _peer(attributes)):
                    return {}
        raise TurnError(400, "Bad Request")

    def _allocate(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        if self._allocation and self._allocation.is_open:
            raise TurnError(437, "Allocation Mismatch")
        if attributes.get("REQUESTED-TRANSPORT") != UDP_TRANSPORT:
            raise TurnError(442, "Unsupported Transport Protocol")
        self._allocation = TurnAllocation(self._send)
        self._allocation.expire_after(LIFETIME_S)
        return {
            "XOR-RELAYED-ADDRESS": self._allocation.address,
            "XOR-MAPPED-ADDRESS": self._address,
            "LIFETIME": LIFETIME_S,
        }

    @staticmethod
    def _response(request: Message, attributes: dict[str, Any], *, kind: Class = Class.RESPONSE) -> Message:
        return Message(request.message_method, kind, request.transaction_id, attributes)


def _peer(attributes: Mapping[str, Any]) -> Address:
    peer: Address | None = attributes.get("XOR-PEER-ADDRESS")
    if peer is None:
        raise TurnError(400, "Bad Request")
    if ":" in peer[0]:
        raise TurnError(443, "Peer Address Family Mismatch")
    return peer
