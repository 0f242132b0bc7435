"""TURN server on a UDP and a TCP port, and the ICE server entries that a room gives to its pages."""

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

# As long as a class: participants need no new credentials.
CREDENTIALS_S = 4 * 3600
# Attempts to find a port that is free for both UDP and TCP.
TRIES = 20


class TurnServer:
    """The TURN server. Built, opened and closed once, all in one event loop."""

    def __init__(self, rules: RelayRules) -> None:
        self._rules = rules
        self._keys = TurnCredentials()
        self._nonce = secrets.token_hex(8).encode()
        self._udp, self._reserved = _bound_to_same_port()
        self._listener: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._clients: dict[Address, TurnClient] = {}
        self._streams: set[asyncio.Transport] = set()

    @property
    def udp(self) -> Address:
        """The address for datagrams."""
        address: Address = self._udp.getsockname()
        return address

    @property
    def tcp(self) -> Address:
        """The address for TCP connections."""
        address: Address = self._reserved.getsockname()
        return address

    @property
    def address(self) -> str:
        """The TURN address as a URI (RFC 7065)."""
        return f"turn:{LOOPBACK}:{self.udp[1]}"

    def ice_servers(self, client: str, *, valid_s: float = CREDENTIALS_S) -> list[dict[str, str | list[str]]]:
        """Returns `iceServers` for a page, with credentials of `client` that are valid for `valid_s`."""
        username, credential = self._keys.credentials(client, until_s=time.time() + valid_s)
        urls = [f"turn:{LOOPBACK}:{self.udp[1]}?transport=udp", f"turn:{LOOPBACK}:{self.tcp[1]}?transport=tcp"]
        return [{"urls": list(urls), "username": username, "credential": credential}]

    async def open(self) -> None:
        """Starts answering."""
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(lambda: _UdpListener(self), sock=self._udp)
        await self.rules_changed()

    async def rules_changed(self) -> None:
        """Opens or closes the TCP port, as the rules now say. Closing it also ends the open connections."""
        if self._rules.accepts_tcp() and self._listener is None:
            loop = asyncio.get_running_loop()
            listening = _bound(socket.SOCK_STREAM, self.tcp[1])
            self._listener = await loop.create_server(lambda: _TcpConnection(self), sock=listening)
        elif not self._rules.accepts_tcp():
            self._close_tcp()

    async def close(self) -> None:
        """Ends all allocations and frees the ports."""
        self._close_tcp()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._datagrams is not None:
            self._datagrams.close()
        self._udp.close()
        self._reserved.close()
        await asyncio.sleep(0)  # Aborted connections are closed in the loop's next turn.

    def receive(self, data: bytes, address: Address) -> None:
        """Handles a datagram. It is dropped silently if the rules do not accept UDP."""
        if not data or not self._rules.accepts_udp() or self._datagrams is None:
            return
        datagrams = self._datagrams
        if address not in self._clients:
            self._clients[address] = self.client(address, lambda send: datagrams.sendto(send, address))
        self._clients[address].receive(data)
        if not self._clients[address].has_allocation:
            del self._clients[address]

    def client(self, address: Address, send: Any) -> TurnClient:
        """Creates the state of a new client."""
        return TurnClient(self._keys, self._nonce, address, send)

    def connected(self, stream: asyncio.Transport) -> None:
        """Registers a TCP connection."""
        self._streams.add(stream)

    def disconnected(self, stream: asyncio.Transport) -> None:
        """Removes a TCP connection."""
        self._streams.discard(stream)

    def _close_tcp(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for stream in list(self._streams):
            stream.abort()


class BlackHole:
    """A UDP address that accepts everything and never answers: a dead path that causes no error."""

    def __init__(self) -> None:
        self._socket = _bound(socket.SOCK_DGRAM)
        self.address: Address = self._socket.getsockname()

    def close(self) -> None:
        """Frees the port."""
        self._socket.close()


class _UdpListener(asyncio.DatagramProtocol):
    def __init__(self, relay: TurnServer) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.receive(data, addr)


class _TcpConnection(asyncio.Protocol):
    """One TCP client, whose bytes are cut into messages (RFC 8656, 12.5: padded to four)."""

    def __init__(self, relay: TurnServer) -> None:
        self._relay = relay
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # as create_server promises
        self._transport = transport
        self._relay.connected(transport)
        self._client = self._relay.client(transport.get_extra_info("peername")[:2], transport.write)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= CHANNEL_HEADER:
            length = _message_length(self._buffer)
            if len(self._buffer) < length:
                return
            message, self._buffer = self._buffer[:length], self._buffer[length:]
            self._client.receive(message)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._relay.disconnected(self._transport)
        self._client.close()


def _message_length(data: bytes) -> int:
    """Returns the length of the first message, padding included."""
    (length,) = struct.unpack_from("!H", data, 2)
    if data[0] >> 6 == 1:
        return CHANNEL_HEADER + int(length) + -int(length) % 4
    return STUN_HEADER + int(length)


def _bound_to_same_port() -> tuple[socket.socket, socket.socket]:
    """Binds the same port for UDP and TCP, as TURN servers do. Raises OSError."""
    for _ in range(TRIES):
        udp = _bound(socket.SOCK_DGRAM)
        try:
            return udp, _bound(socket.SOCK_STREAM, udp.getsockname()[1])
        except OSError:
            udp.close()
    raise OSError("no port is free for both datagrams and connections")


def _bound(kind: socket.SocketKind, port: int = 0) -> socket.socket:
    bound = socket.socket(socket.AF_INET, kind)
    if kind is socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return bound_to_port(bound, port)
