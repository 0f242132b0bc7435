"""The practice school's relay, over real sockets, by a TURN client that others wrote."""

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


def in_a_loop(story: Callable[[TurnServer], Awaitable[None]], **rules: Callable[[], bool]) -> None:
    """Plays a story with a relay that is open. In a thread: sync Playwright keeps a loop running in this one."""

    async def told() -> None:
        relay = TurnServer(RelayRules(**rules))
        await relay.open()
        try:
            await story(relay)
        finally:
            await relay.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, told()).result()


class Ear(asyncio.DatagramProtocol):
    """What somebody hears through a relay."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        self.is_over = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard.put_nowait((data, addr))

    def connection_lost(self, exc: Exception | None) -> None:
        assert exc is None
        self.is_over.set()


async def somebody(relay: TurnServer, transport: str = "udp", **changed: Any) -> tuple[TurnTransport, Ear, Address]:
    """A client with an allocation; raises what the client raises where it gets none."""
    (server,) = relay.servers("somebody", **{name: changed.pop(name) for name in ("valid_s",) if name in changed})
    given = {"username": server["username"], "password": server["credential"], **changed}
    at = relay.udp if transport == "udp" else relay.tcp
    way, ear = await asyncio.wait_for(create_turn_endpoint(Ear, at, transport=transport, **given), SOON_S)
    return way, ear, way.get_extra_info("sockname")


async def speaks(way: TurnTransport) -> None:
    """Says something to somebody without a relay, and waits until it has arrived."""
    with _socket() as friend:
        way.sendto(b"hello", friend.getsockname())
        heard = await asyncio.wait_for(asyncio.get_running_loop().sock_recvfrom(friend, 99), SOON_S)
        assert heard == (b"hello", way.get_extra_info("sockname"))


async def speaks_once(friend: socket.socket) -> None:
    """Lets the loop read everything that had arrived when this began."""
    with _socket() as other:
        friend.sendto(b"a turn", other.getsockname())
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(other, 99), SOON_S)


@pytest.mark.parametrize(("one", "other"), [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp")])
def test_two_clients_speak_through_it_in_both_directions(one: str, other: str) -> None:
    async def story(relay: TurnServer) -> None:
        ada, hears_ada, at_ada = await somebody(relay, one)
        ben, hears_ben, at_ben = await somebody(relay, other)
        # Who may speak to a client goes by address alone, and everybody here has the same.
        await speaks(ada)
        await speaks(ben)
        for size in (1, 4, 1201):
            ben.sendto(b"b" * size, at_ada)
            assert await asyncio.wait_for(hears_ada.heard.get(), SOON_S) == (b"b" * size, at_ben)
            ada.sendto(b"a" * size, at_ben)
            assert await asyncio.wait_for(hears_ben.heard.get(), SOON_S) == (b"a" * size, at_ada)
        for way, ear in ((ada, hears_ada), (ben, hears_ben)):
            way.close()
            await asyncio.wait_for(ear.is_over.wait(), SOON_S)

    in_a_loop(story)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"valid_s": -1.0}, id="whose time is over"),
        pytest.param({"password": "guessed"}, id="with a wrong password"),
        pytest.param({"username": "9999999999:somebody else"}, id="of somebody else"),
        pytest.param({"username": "somebody"}, id="that say no time"),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_credentials_are_refused(changed: dict[str, Any], transport: str) -> None:
    async def story(relay: TurnServer) -> None:
        with pytest.raises(TransactionFailed) as refused:
            await somebody(relay, transport, **changed)
        assert refused.value.response.error_code == 401

    in_a_loop(story)


def test_only_who_was_asked_for_is_relayed() -> None:
    """Looked at on the wire: a good client drops what it did not ask for, whatever a relay does."""

    async def story(_relay: TurnServer) -> None:
        told: asyncio.Queue[bytes] = asyncio.Queue()
        allocation = TurnAllocation(told.put_nowait)
        with _socket() as friend:
            allocation.send(b"to nobody who was asked for", friend.getsockname())
            friend.sendto(b"too early", allocation.address)
            await speaks_once(friend)
            allocation.permitted.add(LOOPBACK)
            friend.sendto(b"now", allocation.address)
            heard = parse_message(await asyncio.wait_for(told.get(), SOON_S)).attributes
            assert (heard["DATA"], heard["XOR-PEER-ADDRESS"]) == (b"now", friend.getsockname())
            with pytest.raises(BlockingIOError):
                friend.recv(99)
        allocation.close()

    in_a_loop(story)


def test_an_address_that_was_given_back_takes_nothing_more() -> None:
    async def story(relay: TurnServer) -> None:
        way, ear, relayed = await somebody(relay)
        way.close()
        await asyncio.wait_for(ear.is_over.wait(), SOON_S)
        with _socket() as late:
            late.connect(relayed)
            late.send(b"anybody there?")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(late, 99), SOON_S)

    in_a_loop(story)


def test_udp_that_is_swallowed_is_never_answered_and_tcp_still_is() -> None:
    async def story(relay: TurnServer) -> None:
        with _socket() as asking:
            asking.sendto(bytes(Message(Method.BINDING, Class.REQUEST)), relay.udp)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(asking, 999), 0.1)
        way, ear, _ = await somebody(relay, "tcp")
        way.close()
        await asyncio.wait_for(ear.is_over.wait(), SOON_S)

    in_a_loop(story, hears_udp=lambda: False)


def test_a_shut_tcp_door_hangs_up_refuses_and_opens_again_on_the_same_port() -> None:
    is_open = [True]

    async def story(relay: TurnServer) -> None:
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

    in_a_loop(story, hears_tcp=lambda: is_open[0])


@pytest.mark.parametrize(
    "nonsense", [b"\x00", b"\x40\x00\x00", b"\x40\x00\xff\xff", bytes(20), b"\xff" * 40, struct.pack("!HHI", 1, 4, 0)]
)
def test_nonsense_is_dropped_and_who_asks_properly_is_told_their_address(nonsense: bytes) -> None:
    async def story(relay: TurnServer) -> None:
        with _socket() as asking:
            asking.sendto(nonsense, relay.udp)
            asking.sendto(bytes(Message(Method.BINDING, Class.REQUEST)), relay.udp)
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(asking, 999), SOON_S)
            assert parse_message(answer).attributes["XOR-MAPPED-ADDRESS"] == asking.getsockname()

    in_a_loop(story)


def test_credentials_say_until_when_and_hold_no_name() -> None:
    async def story(relay: TurnServer) -> None:
        (server,) = relay.servers("7", valid_s=60)
        until, _, who = str(server["username"]).partition(":")
        assert (who, abs(int(until) - time.time() - 60) < 5) == ("7", True)

    in_a_loop(story)


def _socket(kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    mine = socket.socket(socket.AF_INET, kind)
    mine.setblocking(False)  # noqa: FBT003  # the socket's own signature
    mine.bind((LOOPBACK, 0))
    return mine
