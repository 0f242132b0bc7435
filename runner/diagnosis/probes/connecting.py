"""Connects to a host: to each of its addresses at once, or through a location's proxy."""

from __future__ import annotations

import errno
import http.client
import io
import selectors
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from runner.diagnosis.host import Reach, Trouble
from runner.diagnosis.probes.deadline import Deadline, since_ms
from runner.diagnosis.probes.names import ask_both, with_a_route
from runner.diagnosis.targets import Way

# Once one address answers, the others have this long: a first packet that was lost is sent again after one second
# (RFC 6298, 2), and whoever has not answered then is dead for people as well.
STRAGGLERS_S = 1.5
EACH_FAMILY = 3
_TROUBLES = {
    errno.ECONNREFUSED: Trouble.REFUSED,
    errno.ETIMEDOUT: Trouble.NO_ANSWER,
    errno.ECONNRESET: Trouble.RESET,
    errno.EPIPE: Trouble.RESET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What connecting came to: each address tried, and a connection where one answered. Whoever asked closes it."""

    reaches: tuple[Reach, ...]
    sock: socket.socket | None = None


def trouble_of_error(error: Exception) -> Trouble:
    """What an error of a socket amounts to."""
    if isinstance(error, TimeoutError):
        return Trouble.NO_ANSWER
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError, ssl.SSLEOFError, http.client.IncompleteRead)):
        return Trouble.RESET
    if isinstance(error, ssl.SSLError):
        return Trouble.TLS_FAILED
    return _TROUBLES.get(getattr(error, "errno", None) or 0, Trouble.UNREACHABLE)


def connect(addresses: Sequence[str], port: int, deadline: Deadline) -> Line:
    """Connect to each address at once and keep one connection, of the first address in order that has answered."""
    began_s = time.monotonic()
    addresses = _few_of_each_family(with_a_route(addresses))
    ended: dict[str, Reach] = {}
    kept: dict[str, socket.socket] = {}
    with selectors.DefaultSelector() as waiting:
        for address in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            sock.settimeout(0)
            kept[address] = sock
            code = sock.connect_ex((address, port))
            if code == errno.EINPROGRESS:
                waiting.register(sock, selectors.EVENT_WRITE, address)
            else:
                ended[address] = _reach(address, code, began_s)
        while waiting.get_map() and deadline.left_s:
            for key, _ in waiting.select(deadline.left_s):
                waiting.unregister(key.fileobj)
                code = kept[key.data].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                ended[key.data] = _reach(key.data, code, began_s)
                if code == 0:
                    deadline = deadline.within(STRAGGLERS_S)
    silent = {address: _reach(address, errno.ETIMEDOUT, began_s) for address in addresses}
    reaches = tuple((silent | ended)[address] for address in addresses)
    chosen = next((kept[reach.address] for reach in reaches if reach.trouble is None), None)
    for sock in kept.values():
        if sock is not chosen:
            sock.close()
    return Line(reaches=reaches, sock=chosen)


def _reach(address: str, code: int, began_s: float) -> Reach:
    trouble = _TROUBLES.get(code, Trouble.UNREACHABLE) if code else None
    return Reach(address=address, trouble=trouble, took_ms=since_ms(began_s))


def _few_of_each_family(addresses: Sequence[str]) -> list[str]:
    """The first few of IPv4 and of IPv6: a cloud's name has dozens, and one is as good as the other."""
    families = ([a for a in addresses if (":" in a) == is_v6][:EACH_FAMILY] for is_v6 in (False, True))
    chosen = {address for family in families for address in family}
    return [address for address in addresses if address in chosen]


def connect_by_proxy(proxy: str, host: str, deadline: Deadline, *, is_tunnel: bool) -> Line:
    """Connect to a proxy, and have it connect to `host` where a tunnel is needed. One reach tells how far it came."""
    began_s = time.monotonic()
    parts = urlsplit(proxy)
    where, port = parts.hostname or "", parts.port or 80
    names = ask_both(where, Way(), deadline)
    line = connect(names.system.addresses, port, deadline)
    trouble: Trouble | None = Trouble.PROXY_GONE
    if line.sock is not None:
        trouble = _tunnel(line.sock, host, deadline) if is_tunnel else None
    if trouble and line.sock is not None:
        line.sock.close()
    reach = Reach(address=f"{where}:{port}", trouble=trouble, took_ms=since_ms(began_s))
    return Line(reaches=(reach,), sock=None if trouble else line.sock)


def _tunnel(sock: socket.socket, host: str, deadline: Deadline) -> Trouble | None:
    """Ask a proxy for a tunnel (RFC 9110, 9.3.6); what came of it."""
    try:
        send(sock, f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), deadline)
        answer = http.client.HTTPResponse(TimedReader(sock, deadline).as_socket(), method="CONNECT")
        answer.begin()
    except (OSError, http.client.HTTPException) as error:
        return trouble_of_error(error)
    if answer.status < 300:
        return None
    if answer.status == 504:
        return Trouble.NO_ANSWER
    return Trouble.UNREACHABLE if answer.status >= 500 else Trouble.PROXY_REFUSED


def send(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send all of it before the deadline. Raises OSError."""
    sock.settimeout(max(0.001, deadline.left_s))
    sock.sendall(data)


class TimedReader(io.RawIOBase):
    """Reads a connection until a deadline, however slowly the bytes come, and notes when the first one came.

    A time limit of the socket alone would begin again with each byte.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline
        self.first_byte_s: float | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Bytes as they come. Raises TimeoutError after the deadline, OSError for what the connection does."""
        if not self._deadline.left_s:
            raise TimeoutError
        self._sock.settimeout(self._deadline.left_s)
        count = self._sock.recv_into(buffer)
        if self.first_byte_s is None:
            self.first_byte_s = time.monotonic()
        return count

    def as_socket(self) -> socket.socket:
        """What http.client takes for a socket: it only asks for a file to read from."""
        return _ReadAsSocket(self)  # type: ignore[return-value]


class _ReadAsSocket:
    def __init__(self, reader: TimedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The reader, buffered."""
        return io.BufferedReader(self._reader)
