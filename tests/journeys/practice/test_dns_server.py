"""The practice school's DNS server over UDP and TCP: known, unknown and removed names."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from firstbell.journeys.practice.network.dns_server import DnsServer
from tests.support.event_loop import EventLoop

SOON_S = 2.0
NEVER_S = 0.1
PORTAL = "portal.practice.test"
A, AAAA = 1, 28
RECURSION_DESIRED = 0x0100


@pytest.fixture
def names() -> Iterator[DnsServer]:
    with EventLoop() as loop:
        names = DnsServer([PORTAL, "learn.practice.test"])
        # The port must be free for both UDP and TCP: on an address that nothing else on this machine uses.
        loop.run(names.open("127.0.0.54", 0))
        yield names
        loop.run(names.close())


def question(name: str, kind: int = A) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 4711, RECURSION_DESIRED, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def by_udp(names: DnsServer, query: bytes, within_s: float = SOON_S) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(within_s)
        line.sendto(query, names.address)
        return line.recv(512)


def by_tcp(names: DnsServer, query: bytes) -> bytes:
    with socket.create_connection(names.address, timeout=SOON_S) as line:
        line.sendall(struct.pack("!H", len(query)) + query)
        (length,) = struct.unpack("!H", line.recv(2))
        return line.recv(int(length))


def code_and_address(answer: bytes) -> tuple[int, str]:
    """Returns the answer's code, and its address if it has one."""
    number, flags, _, answers, _, _ = struct.unpack_from("!6H", answer)
    assert (number, flags & 0x8000) == (4711, 0x8000), "an answer to this question"
    return flags & 0xF, socket.inet_ntoa(answer[-4:]) if answers else ""


@pytest.mark.parametrize("ask", [by_udp, by_tcp])
@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        pytest.param(PORTAL, A, (0, "127.0.0.1"), id="known name"),
        pytest.param("Portal.Practice.TEST", A, (0, "127.0.0.1"), id="any letter case"),
        pytest.param(PORTAL, AAAA, (0, ""), id="known name without an IPv6 address"),
        pytest.param("elsewhere.example", A, (3, ""), id="unknown name"),
    ],
)
def test_server_answers_known_and_unknown_names(
    names: DnsServer, ask: object, name: str, kind: int, answer: tuple[int, str]
) -> None:
    assert callable(ask)
    assert code_and_address(ask(names, question(name, kind))) == answer


def test_one_name_is_removed_and_restored(names: DnsServer) -> None:
    names.configure(gone={PORTAL}, silent=False)
    assert code_and_address(by_udp(names, question(PORTAL))) == (3, "")
    assert code_and_address(by_udp(names, question("learn.practice.test"))) == (0, "127.0.0.1")
    names.configure(gone=(), silent=False)
    assert code_and_address(by_udp(names, question(PORTAL))) == (0, "127.0.0.1")


def test_silent_server_does_not_answer(names: DnsServer) -> None:
    names.configure(gone=(), silent=True)
    with pytest.raises(TimeoutError):
        by_udp(names, question(PORTAL), NEVER_S)


def test_truncated_query_is_a_format_error(names: DnsServer) -> None:
    assert code_and_address(by_udp(names, question(PORTAL)[:20])) == (1, "")
