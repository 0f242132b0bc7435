"""Forward proxy through which another location reaches the district.

It passes tunnels (CONNECT) and requests with an absolute address (RFC 9112, 3.2.2), only to hosts of the practice
school. It drops silently, as a provider's edge does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from firstbell.journeys.practice.network.listener import Listener, bound_socket
from firstbell.journeys.practice.network.throttled_link import ThrottledLink

END = b"\r\n\r\n"
HEAD_LIMIT_BYTES = 64 * 1024
ESTABLISHED = b"HTTP/1.1 200 Connection established" + END
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close" + END
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close" + END
HOP_BY_HOP_HEADERS = (b"proxy-connection:", b"proxy-authorization:", b"connection:")
"""Header fields meant for the proxy alone."""


class ForwardProxy:
    """An HTTP proxy. `resolves` tells whether a host exists, `drops` whether connections to it are dropped now."""

    def __init__(self, resolves: Callable[[str], bool], drops: Callable[[str], bool]) -> None:
        self._resolves = resolves
        self._drops = drops
        self._links: dict[ThrottledLink, str] = {}
        self._changed = asyncio.Event()
        self._listener = Listener(self._serve)
        self._socket = bound_socket()
        self.port: int = self._socket.getsockname()[1]

    def open(self) -> None:
        """Starts accepting connections."""
        self._listener.open(self._socket)

    def changed(self) -> None:
        """Applies `drops` again, to open connections too."""
        self._changed.set()
        self._changed = asyncio.Event()
        for link, host in self._links.items():
            link.set_silent(silent=self._drops(host))

    async def close(self) -> None:
        """Closes all connections and frees the port."""
        await self._listener.close()
        self._socket.close()

    async def _serve(self, client: socket.socket) -> None:
        """Serves one connection: reads the head with the target, then passes bytes both ways until one side ends."""
        link = ThrottledLink()
        try:
            head, rest = await _read_head(client)
            await self._forward(client, link, head, rest)
        except OSError:
            return  # The client hung up.
        finally:
            link.reset()
            self._links.pop(link, None)

    async def _forward(self, client: socket.socket, link: ThrottledLink, head: bytes, rest: bytes) -> None:
        loop = asyncio.get_running_loop()
        target = _target_of(head)
        if target is None:
            await _refuse(client, BAD_REQUEST)
            return
        host, port, request = target
        while self._drops(host):
            await self._changed.wait()
        self._links[link] = host
        try:
            if not self._resolves(host):
                raise ConnectionRefusedError
            await loop.create_connection(lambda: link.far, "127.0.0.1", port)
        except OSError:
            await _refuse(client, BAD_GATEWAY)
            return
        if not request:
            await loop.sock_sendall(client, ESTABLISHED)
        await loop.connect_accepted_socket(lambda: link.near, client)
        link.inward.carry(request + rest) if request + rest else None
        # The switches may have changed while the connection was made.
        link.set_silent(silent=self._drops(host))
        await link.is_over.wait()


async def _refuse(client: socket.socket, answer: bytes) -> None:
    """Sends an error response and closes the connection."""
    await asyncio.get_running_loop().sock_sendall(client, answer)
    client.close()


async def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """Reads a request up to the blank line. Returns it, and the bytes received after it. Raises OSError."""
    loop = asyncio.get_running_loop()
    data = b""
    while END not in data:
        part = await loop.sock_recv(client, HEAD_LIMIT_BYTES)
        if not part or len(data) > HEAD_LIMIT_BYTES:
            raise ConnectionAbortedError
        data += part
    head, _, rest = data.partition(END)
    return head, rest


def _target_of(head: bytes) -> tuple[str, int, bytes] | None:
    """Returns host, port, and the request to send there (empty for a tunnel); None if it is no request to a proxy."""
    first, *fields = head.split(b"\r\n")
    with contextlib.suppress(ValueError):
        method, target, version = first.decode("ascii").split(" ")
        if method == "CONNECT":
            parts = urlsplit(f"//{target}")
            return (parts.hostname, parts.port, b"") if parts.hostname and parts.port else None
        parts = urlsplit(target)
        if parts.scheme == "http" and parts.hostname:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            is_upgrade = any(field.lower().startswith(b"upgrade:") for field in fields)
            # One request per connection: the next one may be for another host.
            kept = [field for field in fields if not field.lower().startswith(HOP_BY_HOP_HEADERS)]
            kept.append(b"Connection: Upgrade" if is_upgrade else b"Connection: close")
            line = f"{method} {path} {version}".encode()
            return parts.hostname, parts.port or 80, b"\r\n".join([line, *kept]) + END
    return None
