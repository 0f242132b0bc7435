"""The relay's two doors, UDP and TCP, on ports that stay its own; and what a room tells pages of them."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from typing import Any

from firstbell.journeys.practice.network.listener import bound_to_port
from firstbell.journeys.practice.network.turn_server import (
    CHANNEL_HEADER,
    LOOPBACK,
    STUN_HEADER,
    Address,
    RelayRules,
    TurnClient,
    TurnCredentials,
)

# As long as a class: whoever stays needs no new ones.
CREDENTIALS_S = 4 * 3600
# How often a port is free for the one and taken for the other, in a row.
TRIES = 20


class TurnServer:
    """Built, opened and closed once, all in one event loop."""

    def __init__(self, rules: RelayRules) -> None:
        self._rules = rules
        self._keys = TurnCredentials()
        self._nonce = secrets.token_hex(8).encode()
        self._udp, self._hold = _bound_to_same_port()
        self._listener: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._clients: dict[Address, TurnClient] = {}
        self._streams: set[asyncio.Transport] = set()

    @property
    def udp(self) -> Address:
        """Where it takes datagrams."""
        address: Address = self._udp.getsockname()
        return address

    @property
    def tcp(self) -> Address:
        """Where it takes connections."""
        address: Address = self._hold.getsockname()
        return address

    @property
    def address(self) -> str:
        """Its address, as one writes a relay's down (RFC 7065)."""
        return f"turn:{LOOPBACK}:{self.udp[1]}"

    def servers(self, who: str, *, valid_s: float = CREDENTIALS_S) -> list[dict[str, str | list[str]]]:
        """What a page puts into `iceServers`, with credentials for somebody that are good for `valid_s`."""
        username, credential = self._keys.credentials(who, until_s=time.time() + valid_s)
        urls = [f"turn:{LOOPBACK}:{self.udp[1]}?transport=udp", f"turn:{LOOPBACK}:{self.tcp[1]}?transport=tcp"]
        return [{"urls": list(urls), "username": username, "credential": credential}]

    async def open(self) -> None:
        """Answer from now on."""
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(lambda: _UdpListener(self), sock=self._udp)
        await self.rules_changed()

    async def rules_changed(self) -> None:
        """Open or shut the TCP door, as the rules now say. A shut one refuses, and hangs up on whoever is connected."""
        if self._rules.hears_tcp() and self._listener is None:
            loop = asyncio.get_running_loop()
            listening = _bound(socket.SOCK_STREAM, self.tcp[1])
            self._listener = await loop.create_server(lambda: _TcpConnection(self), sock=listening)
        elif not self._rules.hears_tcp():
            self._shut()

    async def close(self) -> None:
        """End it all, and give the ports back."""
        self._shut()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._datagrams is not None:
            self._datagrams.close()
        self._udp.close()
        self._hold.close()
        await asyncio.sleep(0)  # What was hung up on is closed in the loop's next turn.

    def heard(self, data: bytes, address: Address) -> None:
        """A datagram. One that the rules do not let in is lost without a word."""
        if not data or not self._rules.hears_udp() or self._datagrams is None:
            return
        datagrams = self._datagrams
        if address not in self._clients:
            self._clients[address] = self.client(address, lambda answer: datagrams.sendto(answer, address))
        self._clients[address].heard(data)
        if not self._clients[address].is_served:
            del self._clients[address]

    def client(self, address: Address, answer: Any) -> TurnClient:
        """Somebody new at a door."""
        return TurnClient(self._keys, self._nonce, address, answer)

    def connected(self, stream: asyncio.Transport) -> None:
        """Somebody is connected by TCP."""
        self._streams.add(stream)

    def disconnected(self, stream: asyncio.Transport) -> None:
        """And is no more."""
        self._streams.discard(stream)

    def _shut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for stream in list(self._streams):
            stream.abort()


class BlackHole:
    """An address that takes everything and never answers: a way that leads nowhere, without anybody being told so."""

    def __init__(self) -> None:
        self._socket = _bound(socket.SOCK_DGRAM)
        self.address: Address = self._socket.getsockname()

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class _UdpListener(asyncio.DatagramProtocol):
    def __init__(self, relay: TurnServer) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.heard(data, addr)


class _TcpConnection(asyncio.Protocol):
    """One TCP client: its bytes are cut into messages (RFC 8656, 12.5: padded to four)."""

    def __init__(self, relay: TurnServer) -> None:
        self._relay = relay
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream's is no other
        self._transport = transport
        self._relay.connected(transport)
        self._client = self._relay.client(transport.get_extra_info("peername")[:2], transport.write)

    def data_received(self, data: bytes) -> None:
        self._left += data
        while len(self._left) >= CHANNEL_HEADER:
            whole = _whole(self._left)
            if len(self._left) < whole:
                return
            message, self._left = self._left[:whole], self._left[whole:]
            self._client.heard(message)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._relay.disconnected(self._transport)
        self._client.close()


def _whole(data: bytes) -> int:
    """How long the message is that begins here, with its padding."""
    (length,) = struct.unpack_from("!H", data, 2)
    if data[0] >> 6 == 1:
        return CHANNEL_HEADER + int(length) + -int(length) % 4
    return STUN_HEADER + int(length)


def _bound_to_same_port() -> tuple[socket.socket, socket.socket]:
    """A port for datagrams and the same one for connections, as relays have it. Raises OSError."""
    for _ in range(TRIES):
        udp = _bound(socket.SOCK_DGRAM)
        try:
            return udp, _bound(socket.SOCK_STREAM, udp.getsockname()[1])
        except OSError:
            udp.close()
    raise OSError("no port is free for both datagrams and connections")


def _bound(kind: socket.SocketKind, port: int = 0) -> socket.socket:
    held = socket.socket(socket.AF_INET, kind)
    if kind is socket.SOCK_STREAM:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return bound_to_port(held, port)
