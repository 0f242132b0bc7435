"""The practice school's TURN server over real sockets, with a third-party TURN client."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aioice.stun import Class, Message, Method, TransactionFailed, parse_message
from aioice.turn import TurnTransport, create_turn_endpoint

from firstbell.journeys.practice.network.turn_listeners import TurnServer
from firstbell.journeys.practice.network.turn_server import LOOPBACK, Address, RelayRules, TurnAllocation

SOON_S = 2.0


def run_with_relay(scenario: Callable[[TurnServer], Awaitable[None]], **rules: Callable[[], bool]) -> None:
    """Runs a scenario with an open relay, in a thread: sync Playwright keeps an event loop running in this one."""

    async def run() -> None:
        relay = TurnServer(RelayRules(**rules))
        await relay.open()
        try:
            await scenario(relay)
        finally:
            await relay.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


class Inbox(asyncio.DatagramProtocol):
    """Datagrams that a client receives through a relay."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        self.is_over = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.received.put_nowait((data, addr))

    def connection_lost(self, exc: Exception | None) -> None:
        assert exc is None
        self.is_over.set()


async def allocate(relay: TurnServer, transport: str = "udp", **changed: Any) -> tuple[TurnTransport, Inbox, Address]:
    """Returns a client with an allocation. Raises the client's exception if the relay refuses."""
    (server,) = relay.ice_servers("somebody", **{name: changed.pop(name) for name in ("valid_s",) if name in changed})
    credentials = {"username": server["username"], "password": server["credential"], **changed}
    address = relay.udp if transport == "udp" else relay.tcp
    client, inbox = await asyncio.wait_for(
        create_turn_endpoint(Inbox, address, transport=transport, **credentials), SOON_S
    )
    return client, inbox, client.get_extra_info("sockname")


async def send_directly(client: TurnTransport) -> None:
    """Sends data to a socket without a relay, and waits until it has arrived."""
    with _socket() as peer:
        client.sendto(b"hello", peer.getsockname())
        received = await asyncio.wait_for(asyncio.get_running_loop().sock_recvfrom(peer, 99), SOON_S)
        assert received == (b"hello", client.get_extra_info("sockname"))


async def drain_loop(peer: socket.socket) -> None:
    """Lets the event loop read all data that had arrived when this began."""
    with _socket() as other:
        peer.sendto(b"a turn", other.getsockname())
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(other, 99), SOON_S)


@pytest.mark.parametrize(("first", "second"), [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp")])
def test_two_clients_exchange_data_in_both_directions(first: str, second: str) -> None:
    async def scenario(relay: TurnServer) -> None:
        ada, ada_inbox, ada_address = await allocate(relay, first)
        ben, ben_inbox, ben_address = await allocate(relay, second)
        # Permissions are by address alone, and all clients here share one.
        await send_directly(ada)
        await send_directly(ben)
        for size in (1, 4, 1201):
            ben.sendto(b"b" * size, ada_address)
            assert await asyncio.wait_for(ada_inbox.received.get(), SOON_S) == (b"b" * size, ben_address)
            ada.sendto(b"a" * size, ben_address)
            assert await asyncio.wait_for(ben_inbox.received.get(), SOON_S) == (b"a" * size, ada_address)
        for client, inbox in ((ada, ada_inbox), (ben, ben_inbox)):
            client.close()
            await asyncio.wait_for(inbox.is_over.wait(), SOON_S)

    run_with_relay(scenario)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"valid_s": -1.0}, id="expired"),
        pytest.param({"password": "guessed"}, id="wrong password"),
        pytest.param({"username": "9999999999:somebody else"}, id="another user"),
        pytest.param({"username": "somebody"}, id="no expiry time"),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_invalid_credentials_are_refused(changed: dict[str, Any], transport: str) -> None:
    async def scenario(relay: TurnServer) -> None:
        with pytest.raises(TransactionFailed) as refused:
            await allocate(relay, transport, **changed)
        assert refused.value.response.error_code == 401

    run_with_relay(scenario)


def test_only_permitted_peers_are_relayed() -> None:
    """Checked on the wire: a correct client drops data that it did not ask for, whatever a relay does."""

    async def scenario(_relay: TurnServer) -> None:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        allocation = TurnAllocation(answers.put_nowait)
        with _socket() as peer:
            allocation.send(b"to a peer without permission", peer.getsockname())
            peer.sendto(b"too early", allocation.address)
            await drain_loop(peer)
            allocation.permitted.add(LOOPBACK)
            peer.sendto(b"now", allocation.address)
            attributes = parse_message(await asyncio.wait_for(answers.get(), SOON_S)).attributes
            assert (attributes["DATA"], attributes["XOR-PEER-ADDRESS"]) == (b"now", peer.getsockname())
            with pytest.raises(BlockingIOError):
                peer.recv(99)
        allocation.close()

    run_with_relay(scenario)


def test_released_relay_address_refuses_data() -> None:
    async def scenario(relay: TurnServer) -> None:
        client, inbox, relayed = await allocate(relay)
        client.close()
        await asyncio.wait_for(inbox.is_over.wait(), SOON_S)
        with _socket() as late:
            late.connect(relayed)
            late.send(b"anybody there?")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(late, 99), SOON_S)

    run_with_relay(scenario)


def test_blocked_udp_is_not_answered_while_tcp_still_works() -> None:
    async def scenario(relay: TurnServer) -> None:
        with _socket() as blocked:
            blocked.sendto(bytes(Message(Method.BINDING, Class.REQUEST)), relay.udp)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(blocked, 999), 0.1)
        client, inbox, _ = await allocate(relay, "tcp")
        client.close()
        await asyncio.wait_for(inbox.is_over.wait(), SOON_S)

    run_with_relay(scenario, accepts_udp=lambda: False)


def test_closed_tcp_port_ends_connections_and_reopens_on_the_same_port() -> None:
    is_open = [True]

    async def scenario(relay: TurnServer) -> None:
        loop = asyncio.get_running_loop()
        with _socket(socket.SOCK_STREAM) as first, _socket(socket.SOCK_STREAM) as second:
            await loop.sock_connect(first, relay.tcp)
            await loop.sock_sendall(first, bytes(Message(Method.BINDING, Class.REQUEST)))
            assert await asyncio.wait_for(loop.sock_recv(first, 999), SOON_S)
            is_open[0] = False
            await relay.rules_changed()
            assert await asyncio.wait_for(loop.sock_recv(first, 1), SOON_S) == b""
            with pytest.raises(ConnectionRefusedError):
                await loop.sock_connect(second, relay.tcp)
        is_open[0] = True
        await relay.rules_changed()
        with _socket(socket.SOCK_STREAM) as third:
            await loop.sock_connect(third, relay.tcp)

    run_with_relay(scenario, accepts_tcp=lambda: is_open[0])


@pytest.mark.parametrize(
    "malformed", [b"\x00", b"\x40\x00\x00", b"\x40\x00\xff\xff", bytes(20), b"\xff" * 40, struct.pack("!HHI", 1, 4, 0)]
)
def test_malformed_data_is_dropped_and_a_binding_request_answered(malformed: bytes) -> None:
    async def scenario(relay: TurnServer) -> None:
        with _socket() as client:
            client.sendto(malformed, relay.udp)
            client.sendto(bytes(Message(Method.BINDING, Class.REQUEST)), relay.udp)
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 999), SOON_S)
            assert parse_message(answer).attributes["XOR-MAPPED-ADDRESS"] == client.getsockname()

    run_with_relay(scenario)


def test_credentials_hold_their_expiry_time_and_no_name() -> None:
    async def scenario(relay: TurnServer) -> None:
        (server,) = relay.ice_servers("7", valid_s=60)
        until, _, client = str(server["username"]).partition(":")
        assert (client, abs(int(until) - time.time() - 60) < 5) == ("7", True)

    run_with_relay(scenario)


def _socket(kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    socket_ = socket.socket(socket.AF_INET, kind)
    socket_.setblocking(False)  # noqa: FBT003  # the socket's own signature
    socket_.bind((LOOPBACK, 0))
    return socket_
