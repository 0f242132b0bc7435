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

from firstbell.runner.diagnosis.host_check import Connection, HostFault
from firstbell.runner.diagnosis.probes.deadline import Deadline, since_ms
from firstbell.runner.diagnosis.probes.dns_lookup import resolve, routable
from firstbell.runner.diagnosis.targets import Egress

# Once one address answers, the others have this long: a first packet that was lost is sent again after one second
# (RFC 6298, 2), and whoever has not answered then is dead for people as well.
OTHER_ADDRESSES_S = 1.5
EACH_FAMILY = 3
_HOST_FAULTS = {
    errno.ECONNREFUSED: HostFault.REFUSED,
    errno.ETIMEDOUT: HostFault.NO_ANSWER,
    errno.ECONNRESET: HostFault.RESET,
    errno.EPIPE: HostFault.RESET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectResult:
    """What connecting came to: each address tried, and a connection where one answered. Whoever asked closes it."""

    reaches: tuple[Connection, ...]
    sock: socket.socket | None = None


def fault_of_error(error: Exception) -> HostFault:
    """What an error of a socket amounts to."""
    if isinstance(error, TimeoutError):
        return HostFault.NO_ANSWER
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError, ssl.SSLEOFError, http.client.IncompleteRead)):
        return HostFault.RESET
    if isinstance(error, ssl.SSLError):
        return HostFault.TLS_FAILED
    return _HOST_FAULTS.get(getattr(error, "errno", None) or 0, HostFault.UNREACHABLE)


def connect(addresses: Sequence[str], port: int, deadline: Deadline) -> ConnectResult:
    """Connect to each address at once and keep one connection, of the first address in order that has answered."""
    began_s = time.monotonic()
    addresses = _few_of_each_family(routable(addresses))
    ended: dict[str, Connection] = {}
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
                    deadline = deadline.within(OTHER_ADDRESSES_S)
    silent = {address: _reach(address, errno.ETIMEDOUT, began_s) for address in addresses}
    reaches = tuple((silent | ended)[address] for address in addresses)
    chosen = next((kept[reach.address] for reach in reaches if reach.trouble is None), None)
    for sock in kept.values():
        if sock is not chosen:
            sock.close()
    return ConnectResult(reaches=reaches, sock=chosen)


def _reach(address: str, code: int, began_s: float) -> Connection:
    trouble = _HOST_FAULTS.get(code, HostFault.UNREACHABLE) if code else None
    return Connection(address=address, trouble=trouble, took_ms=since_ms(began_s))


def _few_of_each_family(addresses: Sequence[str]) -> list[str]:
    """The first few of IPv4 and of IPv6: a cloud's name has dozens, and one is as good as the other."""
    families = ([a for a in addresses if (":" in a) == is_v6][:EACH_FAMILY] for is_v6 in (False, True))
    chosen = {address for family in families for address in family}
    return [address for address in addresses if address in chosen]


def connect_by_proxy(proxy: str, host: str, deadline: Deadline, *, is_tunnel: bool) -> ConnectResult:
    """Connect to a proxy, and have it connect to `host` where a tunnel is needed. One reach tells how far it came."""
    began_s = time.monotonic()
    parts = urlsplit(proxy)
    where, port = parts.hostname or "", parts.port or 80
    names = resolve(where, Egress(), deadline)
    line = connect(names.system.addresses, port, deadline)
    trouble: HostFault | None = HostFault.PROXY_GONE
    if line.sock is not None:
        trouble = _tunnel(line.sock, host, deadline) if is_tunnel else None
    if trouble and line.sock is not None:
        line.sock.close()
    reach = Connection(address=f"{where}:{port}", trouble=trouble, took_ms=since_ms(began_s))
    return ConnectResult(reaches=(reach,), sock=None if trouble else line.sock)


def _tunnel(sock: socket.socket, host: str, deadline: Deadline) -> HostFault | None:
    """Ask a proxy for a tunnel (RFC 9110, 9.3.6); what came of it."""
    try:
        send(sock, f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), deadline)
        answer = http.client.HTTPResponse(TimedReader(sock, deadline).as_socket(), method="CONNECT")
        answer.begin()
    except (OSError, http.client.HTTPException) as error:
        return fault_of_error(error)
    if answer.status < 300:
        return None
    if answer.status == 504:
        return HostFault.NO_ANSWER
    return HostFault.UNREACHABLE if answer.status >= 500 else HostFault.PROXY_REFUSED


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
        return _SocketFile(self)  # type: ignore[return-value]


class _SocketFile:
    def __init__(self, reader: TimedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The reader, buffered."""
        return io.BufferedReader(self._reader)
