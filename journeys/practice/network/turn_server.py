"""A TURN relay on loopback: what carries the live class's media where two pages find no direct way (part of RFC 8656).

It answers Binding, Allocate, Refresh, CreatePermission and ChannelBind, over UDP and TCP, with long-term credentials
that a room hands out and that end after a while. One relayed address is one UDP socket on loopback: nothing that it
sends can leave the machine.
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
# RFC 8656, 3.2: how long an allocation is given without being asked for longer.
LIFETIME_S = 600
UDP_TRANSPORT = 17 << 24
CHANNELS = range(0x4000, 0x5000)
CHANNEL_HEADER, STUN_HEADER = 4, 20
DATAGRAM_LIMIT = 65536

Address = tuple[str, int]
SendAnswer = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRules:
    """How the relay behaves just now, read at each use: whether it takes anything in by UDP, and by TCP."""

    hears_udp: Callable[[], bool] = field(default=lambda: True)
    hears_tcp: Callable[[], bool] = field(default=lambda: True)


class TurnCredentials:
    """Time-limited credentials, as the "REST API for access to TURN services" draft has them: the name says until
    when, and the password is that name's HMAC."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(20)

    def credentials(self, who: str, *, until_s: float) -> tuple[str, str]:
        """Name and password for somebody, good until `until_s` (Unix time)."""
        username = f"{int(until_s)}:{who}"
        return username, self._password(username)

    def key_of(self, username: str) -> bytes | None:
        """What signs that name's messages; None for a name whose time is over, or that says no time."""
        until, _, _who = username.partition(":")
        if not until.isdecimal() or int(until) < time.time():
            return None
        spoken = f"{username}:{REALM}:{self._password(username)}"
        return hashlib.md5(spoken.encode(), usedforsecurity=False).digest()  # RFC 8489, 9.2.2

    def _password(self, username: str) -> str:
        return base64.b64encode(hmac.digest(self._secret, username.encode(), "sha1")).decode()


class TurnAllocation:
    """One client's relayed address, and whom it may speak with."""

    def __init__(self, answer: SendAnswer) -> None:
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003  # the socket's own signature
        self._socket.bind((LOOPBACK, 0))
        self.address: Address = self._socket.getsockname()
        self.permitted: set[str] = set()
        self._peers: dict[int, Address] = {}
        self._numbers: dict[Address, int] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)
        self._ending: asyncio.TimerHandle | None = None

    def lasts(self, lifetime_s: int) -> None:
        """Be there for so long from now, and no longer."""
        if self._ending is not None:
            self._ending.cancel()
        self._ending = self._loop.call_later(lifetime_s, self.close)

    @property
    def is_open(self) -> bool:
        """Whether it still relays."""
        return self._socket.fileno() >= 0

    def close(self) -> None:
        """Give the address back. May be called again."""
        if self.is_open:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        if self._ending is not None:
            self._ending.cancel()

    def bind(self, number: int, peer: Address) -> bool:
        """Give a peer a channel number; False when either already has another."""
        if self._peers.get(number, peer) != peer or self._numbers.get(peer, number) != number:
            return False
        self._peers[number], self._numbers[peer] = peer, number
        self.permitted.add(peer[0])
        return True

    def send(self, data: bytes, to: Address | int) -> None:
        """Relay to a peer, or to whom a channel number stands for. What may not go, or cannot, is dropped."""
        peer = self._peers.get(to) if isinstance(to, int) else to
        if peer is None or peer[0] not in self.permitted or not self.is_open:
            return
        with contextlib.suppress(OSError):  # Full, or nobody there: as on any network.
            self._socket.sendto(data, peer)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            while self.is_open:
                data, peer = self._socket.recvfrom(DATAGRAM_LIMIT)
                if peer[0] in self.permitted:
                    self._answer(self._wrapped(data, peer))

    def _wrapped(self, data: bytes, peer: Address) -> bytes:
        if number := self._numbers.get(peer):
            return struct.pack("!HH", number, len(data)) + data + bytes(-len(data) % 4)
        told = {"XOR-PEER-ADDRESS": peer, "DATA": data}
        return bytes(Message(Method.DATA, Class.INDICATION, attributes=told))


class TurnError(Exception):
    """A request that is answered with an error: its code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class TurnClient:
    """One client: a UDP address or a TCP connection, and the allocation that it may have."""

    def __init__(self, keys: TurnCredentials, nonce: bytes, address: Address, answer: SendAnswer) -> None:
        self._keys = keys
        self._nonce = nonce
        self._address = address
        self._answer = answer
        self._allocation: TurnAllocation | None = None

    def heard(self, data: bytes) -> None:
        """One whole message. What is not understood is dropped."""
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
            self._answer(bytes(self._answered(message)))
        elif message.message_method is Method.SEND and self._allocation:
            told = message.attributes
            if "DATA" in told and "XOR-PEER-ADDRESS" in told:
                self._allocation.send(told["DATA"], told["XOR-PEER-ADDRESS"])

    @property
    def is_served(self) -> bool:
        """Whether it has an allocation, so that it is worth being remembered."""
        return self._allocation is not None and self._allocation.is_open

    def close(self) -> None:
        """The client is gone."""
        if self._allocation:
            self._allocation.close()

    def _answered(self, request: Message) -> Message:
        if request.message_method is Method.BINDING:
            return self._response(request, {"XOR-MAPPED-ADDRESS": self._address})
        key = self._keys.key_of(request.attributes.get("USERNAME", ""))
        if key is None or not request.check_message_integrity(key):
            told = {"ERROR-CODE": (401, "Unauthorized"), "REALM": REALM, "NONCE": self._nonce}
            return self._response(request, told, kind=Class.ERROR)
        try:
            answer = self._response(request, self._done(request))
        except TurnError as refused:
            told = {"ERROR-CODE": (refused.code, refused.reason)}
            answer = self._response(request, told, kind=Class.ERROR)
        answer.add_message_integrity(key)
        return answer

    def _done(self, request: Message) -> dict[str, Any]:
        """Do what is asked, and what to answer. Raises Refused."""
        told = request.attributes
        if request.message_method is Method.ALLOCATE:
            return self._allocate(told)
        if self._allocation is None or not self._allocation.is_open:
            raise TurnError(437, "Allocation Mismatch")
        match request.message_method:
            case Method.REFRESH:
                lifetime_s = min(told.get("LIFETIME", LIFETIME_S), LIFETIME_S)
                if lifetime_s:
                    self._allocation.lasts(lifetime_s)
                else:
                    self._allocation.close()
                return {"LIFETIME": lifetime_s}
            case Method.CREATE_PERMISSION:
                self._allocation.permitted.add(_peer(told)[0])
                return {}
            case Method.CHANNEL_BIND:
                number = told.get("CHANNEL-NUMBER", 0)
                if number in CHANNELS and self._allocation.bind(number, _peer(told)):
                    return {}
        raise TurnError(400, "Bad Request")

    def _allocate(self, told: Mapping[str, Any]) -> dict[str, Any]:
        if self._allocation and self._allocation.is_open:
            raise TurnError(437, "Allocation Mismatch")
        if told.get("REQUESTED-TRANSPORT") != UDP_TRANSPORT:
            raise TurnError(442, "Unsupported Transport Protocol")
        self._allocation = TurnAllocation(self._answer)
        self._allocation.lasts(LIFETIME_S)
        return {
            "XOR-RELAYED-ADDRESS": self._allocation.address,
            "XOR-MAPPED-ADDRESS": self._address,
            "LIFETIME": LIFETIME_S,
        }

    @staticmethod
    def _response(request: Message, told: dict[str, Any], *, kind: Class = Class.RESPONSE) -> Message:
        return Message(request.message_method, kind, request.transaction_id, told)


def _peer(told: Mapping[str, Any]) -> Address:
    peer: Address | None = told.get("XOR-PEER-ADDRESS")
    if peer is None:
        raise TurnError(400, "Bad Request")
    if ":" in peer[0]:
        raise TurnError(443, "Peer Address Family Mismatch")
    return peer
