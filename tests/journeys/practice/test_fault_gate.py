"""The fault gate with real sockets: the effect of each fault on new and on open connections."""

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
DELAY = Delay(latency_s=0.03, packet_bytes=4, retransmit_s=0.25)


class GatedEcho:
    """A fault gate in front of an echo service."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self.gate, self._server = loop.run(self._build())
        self.port = self._server.sockets[0].getsockname()[1]
        self.set_fault()

    def set_fault(self, fault: GateFault = GateFault.NONE) -> None:
        self.set_target(self.port, fault)

    def set_target(self, port: int, fault: GateFault = GateFault.NONE) -> None:
        self._loop.run(self.gate.configure(GateSettings(port=port, fault=fault)))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.gate.port), timeout=SOON_S)

    async def close(self) -> None:
        await self.gate.close()
        self._server.close()
        await self._server.wait_closed()

    @staticmethod
    async def _build() -> tuple[FaultGate, asyncio.Server]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
            writer.close()

        return FaultGate(DELAY), await asyncio.start_server(echo, "127.0.0.1", 0)


@pytest.fixture
def gated() -> Iterator[GatedEcho]:
    with EventLoop() as loop:
        gated = GatedEcho(loop)
        yield gated
        loop.run(gated.close())


def received(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (part := client.recv(count - len(data))):
        data += part
    return data


def echoed(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return received(client, len(data))


def receives_nothing(client: socket.socket) -> bool:
    client.settimeout(NEVER_S)
    try:
        return client.recv(1) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(SOON_S)


def test_healthy_gate_passes_all_bytes_and_the_end_of_the_stream(gated: GatedEcho) -> None:
    payload = bytes(range(256)) * 20_000
    with gated.connect() as client:
        sender = threading.Thread(target=client.sendall, args=(payload,))
        sender.start()
        assert received(client, len(payload)) == payload
        sender.join()
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_refusing_gate_keeps_its_port_and_resets_open_connections(gated: GatedEcho) -> None:
    with gated.connect() as open_connection:
        assert echoed(open_connection, b"hello") == b"hello"
        gated.set_fault(GateFault.REFUSES)
        with pytest.raises(ConnectionResetError):
            open_connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        gated.connect()
    gated.set_fault()
    with gated.connect() as client:
        assert echoed(client, b"hello") == b"hello"


def test_silent_gate_answers_nothing_and_open_connections_resume(gated: GatedEcho) -> None:
    with gated.connect() as open_connection:
        assert echoed(open_connection, b"hello") == b"hello"
        gated.set_fault(GateFault.SILENT)
        open_connection.sendall(b"anybody?")
        assert receives_nothing(open_connection)
        assert is_unanswered(gated)
        gated.set_fault()
        assert received(open_connection, 8) == b"anybody?"
    with gated.connect() as client:
        assert echoed(client, b"hello") == b"hello"


def test_silent_gate_can_change_to_refusing(gated: GatedEcho) -> None:
    gated.set_fault(GateFault.SILENT)
    assert is_unanswered(gated)
    gated.set_fault(GateFault.REFUSES)
    with pytest.raises(ConnectionRefusedError):
        gated.connect()


def is_unanswered(gated: GatedEcho) -> bool:
    """True if a connection is neither made nor refused, as with an unreachable host."""
    with socket.socket() as client:
        client.settimeout(0.2)
        try:
            client.connect(("127.0.0.1", gated.gate.port))
        except TimeoutError:
            return True
    return False


def test_resetting_gate_resets_open_connections_and_new_ones_at_first_data(gated: GatedEcho) -> None:
    with gated.connect() as open_connection:
        assert echoed(open_connection, b"hello") == b"hello"
        gated.set_fault(GateFault.RESETS)
        with pytest.raises(ConnectionResetError):
            open_connection.recv(1)
    with gated.connect() as client:
        client.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_cutting_gate_resets_in_the_middle_of_a_response(gated: GatedEcho) -> None:
    with gated.connect() as client:
        gated.set_fault(GateFault.CUTS)
        client.sendall(b"x" * 2 * CUT_AFTER_BYTES)
        assert received(client, CUT_AFTER_BYTES) == b"x" * CUT_AFTER_BYTES
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_slow_gate_delays_both_directions_and_keeps_the_order(gated: GatedEcho) -> None:
    with gated.connect() as client:
        gated.set_fault(GateFault.SLOW)
        began = time.monotonic()
        client.sendall(b"abcd")
        assert received(client, 4) == b"abcd"
        assert 0.06 <= time.monotonic() - began < 0.25
        client.sendall(b"efghijkl")
        assert received(client, 8) == b"efghijkl"
        assert time.monotonic() - began > 0.35
        gated.set_fault()
        assert echoed(client, b"mnop") == b"mnop"


def test_other_target_ends_connections_to_the_old_one(gated: GatedEcho) -> None:
    with gated.connect() as open_connection:
        assert echoed(open_connection, b"hello") == b"hello"
        gated.set_target(port=1)
        with pytest.raises(ConnectionResetError):
            open_connection.recv(1)
