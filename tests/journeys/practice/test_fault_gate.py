"""The gate in front of a service, with real sockets: what each trouble is to a caller, also to one who is inside."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from firstbell.journeys.practice.network.fault_gate import CUT_AFTER_BYTES, FaultGate, GateFault, GateSettings
from firstbell.journeys.practice.network.throttled_link import Delay
from tests.support.event_loop import EventLoop

SOON_S = 2.0
NEVER_S = 0.15
DELAY = Delay(each_way_s=0.03, packet_bytes=4, sent_again_s=0.25)


class Street:
    """A gate before a service that says back what it is told."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self.gate, self._server = loop.do(self._build())
        self.behind = self._server.sockets[0].getsockname()[1]
        self.lead()

    def lead(self, trouble: GateFault = GateFault.NONE) -> None:
        self.lead_to(self.behind, trouble)

    def lead_to(self, port: int, trouble: GateFault = GateFault.NONE) -> None:
        self._loop.do(self.gate.lead(GateSettings(port=port, trouble=trouble)))

    def calls(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.gate.port), timeout=SOON_S)

    async def close(self) -> None:
        await self.gate.close()
        self._server.close()
        await self._server.wait_closed()

    @staticmethod
    async def _build() -> tuple[FaultGate, asyncio.Server]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while said := await reader.read(1 << 16):
                writer.write(said)
                await writer.drain()
            writer.close()

        return FaultGate(DELAY), await asyncio.start_server(echo, "127.0.0.1", 0)


@pytest.fixture
def street() -> Iterator[Street]:
    with EventLoop() as loop:
        street = Street(loop)
        yield street
        loop.do(street.close())


def heard(caller: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count and (part := caller.recv(count - len(got))):
        got += part
    return got


def says(caller: socket.socket, what: bytes) -> bytes:
    caller.sendall(what)
    return heard(caller, len(what))


def hears_nothing(caller: socket.socket) -> bool:
    caller.settimeout(NEVER_S)
    try:
        return caller.recv(1) is None
    except TimeoutError:
        return True
    finally:
        caller.settimeout(SOON_S)


def test_a_healthy_gate_passes_everything_on_and_an_end_too(street: Street) -> None:
    much = bytes(range(256)) * 20_000
    with street.calls() as caller:
        sender = threading.Thread(target=caller.sendall, args=(much,))
        sender.start()
        assert heard(caller, len(much)) == much
        sender.join()
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(1) == b""


def test_a_gate_that_refuses_keeps_its_port_and_hangs_up_on_those_inside(street: Street) -> None:
    with street.calls() as inside:
        assert says(inside, b"hello") == b"hello"
        street.lead(GateFault.REFUSES)
        with pytest.raises(ConnectionResetError):
            inside.recv(1)
    with pytest.raises(ConnectionRefusedError):
        street.calls()
    street.lead()
    with street.calls() as caller:
        assert says(caller, b"hello") == b"hello"


def test_a_silent_gate_answers_nobody_at_all_and_those_inside_again_once_it_is_healed(street: Street) -> None:
    with street.calls() as inside:
        assert says(inside, b"hello") == b"hello"
        street.lead(GateFault.SILENT)
        inside.sendall(b"anybody?")
        assert hears_nothing(inside)
        assert knocks_in_vain(street)
        street.lead()
        assert heard(inside, 8) == b"anybody?"
    with street.calls() as caller:
        assert says(caller, b"hello") == b"hello"


def test_a_silent_gate_can_go_on_to_refuse(street: Street) -> None:
    street.lead(GateFault.SILENT)
    assert knocks_in_vain(street)
    street.lead(GateFault.REFUSES)
    with pytest.raises(ConnectionRefusedError):
        street.calls()


def knocks_in_vain(street: Street) -> bool:
    """Whether a connection is neither made nor refused, as with a host that is gone."""
    with socket.socket() as caller:
        caller.settimeout(0.2)
        try:
            caller.connect(("127.0.0.1", street.gate.port))
        except TimeoutError:
            return True
    return False


def test_a_gate_that_resets_does_so_to_the_first_word_and_to_those_inside(street: Street) -> None:
    with street.calls() as inside:
        assert says(inside, b"hello") == b"hello"
        street.lead(GateFault.RESETS)
        with pytest.raises(ConnectionResetError):
            inside.recv(1)
    with street.calls() as caller:
        caller.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            caller.recv(1)


def test_a_gate_that_cuts_does_so_in_the_middle_of_an_answer(street: Street) -> None:
    with street.calls() as caller:
        street.lead(GateFault.CUTS)
        caller.sendall(b"x" * 2 * CUT_AFTER_BYTES)
        assert heard(caller, CUT_AFTER_BYTES) == b"x" * CUT_AFTER_BYTES
        with pytest.raises(ConnectionResetError):
            caller.recv(1)


def test_a_slow_gate_delays_both_ways_loses_some_packets_and_keeps_the_order(street: Street) -> None:
    with street.calls() as caller:
        street.lead(GateFault.SLOW)
        began = time.monotonic()
        caller.sendall(b"abcd")
        assert heard(caller, 4) == b"abcd"
        assert 0.06 <= time.monotonic() - began < 0.25
        caller.sendall(b"efghijkl")
        assert heard(caller, 8) == b"efghijkl"
        assert time.monotonic() - began > 0.35
        street.lead()
        assert says(caller, b"mnop") == b"mnop"


def test_another_way_ends_the_connections_that_came_by_the_old_one(street: Street) -> None:
    with street.calls() as inside:
        assert says(inside, b"hello") == b"hello"
        street.lead_to(port=1)
        with pytest.raises(ConnectionResetError):
            inside.recv(1)
