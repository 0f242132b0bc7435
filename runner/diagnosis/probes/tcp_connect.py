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
# (RFC 6298, 2), and an address that has not answered then is dead for people as well.
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
    """The result of connecting: each address tried, and an open socket if one answered. The caller closes it."""

    reaches: tuple[Connection, ...]
    sock: socket.socket | None = None


def fault_of_error(error: Exception) -> HostFault:
    """Maps an error of a socket to a host fault."""
    if isinstance(error, TimeoutError):
        return HostFault.NO_ANSWER
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError, ssl.SSLEOFError, http.client.IncompleteRead)):
        return HostFault.RESET
    if isinstance(error, ssl.SSLError):
        return HostFault.TLS_FAILED
    return _HOST_FAULTS.get(getattr(error, "errno", None) or 0, HostFault.UNREACHABLE)


def connect(addresses: Sequence[str], port: int, deadline: Deadline) -> ConnectResult:
    """Connects to each address at once; keeps the connection of the first address, in order, that answered."""
    began_s = time.monotonic()
    addresses = _few_of_each_family(routable(addresses))
    results: dict[str, Connection] = {}
    sockets: dict[str, socket.socket] = {}
    with selectors.DefaultSelector() as waiting:
        for address in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            sock.settimeout(0)
            sockets[address] = sock
            code = sock.connect_ex((address, port))
            if code == errno.EINPROGRESS:
                waiting.register(sock, selectors.EVENT_WRITE, address)
            else:
                results[address] = _connection(address, code, began_s)
        while waiting.get_map() and deadline.left_s:
            for key, _ in waiting.select(deadline.left_s):
                waiting.unregister(key.fileobj)
                code = sockets[key.data].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                results[key.data] = _connection(key.data, code, began_s)
                if code == 0:
                    deadline = deadline.within(OTHER_ADDRESSES_S)
    silent = {address: _connection(address, errno.ETIMEDOUT, began_s) for address in addresses}
    reaches = tuple((silent | results)[address] for address in addresses)
    chosen = next((sockets[reach.address] for reach in reaches if reach.trouble is None), None)
    for sock in sockets.values():
        if sock is not chosen:
            sock.close()
    return ConnectResult(reaches=reaches, sock=chosen)


def _connection(address: str, code: int, began_s: float) -> Connection:
    fault = _HOST_FAULTS.get(code, HostFault.UNREACHABLE) if code else None
    return Connection(address=address, trouble=fault, took_ms=since_ms(began_s))


def _few_of_each_family(addresses: Sequence[str]) -> list[str]:
    """The first few addresses of IPv4 and of IPv6: a cloud's name has dozens of equal ones."""
    families = ([a for a in addresses if (":" in a) == is_v6][:EACH_FAMILY] for is_v6 in (False, True))
    chosen = {address for family in families for address in family}
    return [address for address in addresses if address in chosen]


def connect_by_proxy(proxy: str, host: str, deadline: Deadline, *, is_tunnel: bool) -> ConnectResult:
    """Connects to a proxy, and through it to `host` if a tunnel is needed. `reaches` holds one result for both."""
    began_s = time.monotonic()
    parts = urlsplit(proxy)
    proxy_name, port = parts.hostname or "", parts.port or 80
    names = resolve(proxy_name, Egress(), deadline)
    connected = connect(names.system.addresses, port, deadline)
    fault: HostFault | None = HostFault.PROXY_GONE
    if connected.sock is not None:
        fault = _tunnel(connected.sock, host, deadline) if is_tunnel else None
    if fault and connected.sock is not None:
        connected.sock.close()
    reach = Connection(address=f"{proxy_name}:{port}", trouble=fault, took_ms=since_ms(began_s))
    return ConnectResult(reaches=(reach,), sock=None if fault else connected.sock)


def _tunnel(sock: socket.socket, host: str, deadline: Deadline) -> HostFault | None:
    """Requests a tunnel from a proxy (RFC 9110, 9.3.6); returns the fault, if any."""
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
    """Sends all data before the deadline. Raises OSError."""
    sock.settimeout(max(0.001, deadline.left_s))
    sock.sendall(data)


class TimedReader(io.RawIOBase):
    """Reads a connection until a deadline, however slowly the bytes arrive, and records the time of the first byte.

    A timeout of the socket alone would begin again with each byte.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline
        self.first_byte_s: float | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Reads available bytes. Raises TimeoutError after the deadline, OSError for errors of the connection."""
        if not self._deadline.left_s:
            raise TimeoutError
        self._sock.settimeout(self._deadline.left_s)
        count = self._sock.recv_into(buffer)
        if self.first_byte_s is None:
            self.first_byte_s = time.monotonic()
        return count

    def as_socket(self) -> socket.socket:
        """An object that http.client accepts as a socket: it only calls `makefile`."""
        return _SocketFile(self)  # type: ignore[return-value]


class _SocketFile:
    def __init__(self, reader: TimedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The reader, buffered."""
        return io.BufferedReader(self._reader)
