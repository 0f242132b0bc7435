"""The way from outside: a plain HTTP forward proxy through which another location reaches the district.

It passes tunnels (CONNECT) and requests with a full address (RFC 9112, 3.2.2), and only to hosts of the practice
school. What it drops it drops as a provider's edge does: silently.
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
"""What a request says to the proxy alone."""


class ForwardProxy:
    """`resolves` tells which hosts there are, `drops` those to which nothing is let through at this moment."""

    def __init__(self, resolves: Callable[[str], bool], drops: Callable[[str], bool]) -> None:
        self._resolves = resolves
        self._drops = drops
        self._links: dict[ThrottledLink, str] = {}
        self._changed = asyncio.Event()
        self._callers = Listener(self._visit)
        self._listener = bound_socket()
        self.port: int = self._listener.getsockname()[1]

    def open(self) -> None:
        """Pass from now on."""
        self._callers.open(self._listener)

    def changed(self) -> None:
        """Ask again what is dropped: also on the ways that are open."""
        self._changed.set()
        self._changed = asyncio.Event()
        for link, host in self._links.items():
            link.fall_silent(silent=self._drops(host))

    async def close(self) -> None:
        """Hang up on everybody, and give the port back."""
        await self._callers.shut()
        self._listener.close()

    async def _visit(self, caller: socket.socket) -> None:
        """One connection: a head that says where to, and then bytes both ways until one side has gone."""
        link = ThrottledLink()
        try:
            head, rest = await _head(caller)
            await self._pass_on(caller, link, head, rest)
        except OSError:
            return  # They have gone.
        finally:
            link.reset()
            self._links.pop(link, None)

    async def _pass_on(self, caller: socket.socket, link: ThrottledLink, head: bytes, rest: bytes) -> None:
        loop = asyncio.get_running_loop()
        where = _target_of(head)
        if where is None:
            await _refuse(caller, BAD_REQUEST)
            return
        host, port, onward = where
        while self._drops(host):
            await self._changed.wait()
        self._links[link] = host
        try:
            if not self._resolves(host):
                raise ConnectionRefusedError
            await loop.create_connection(lambda: link.far, "127.0.0.1", port)
        except OSError:
            await _refuse(caller, BAD_GATEWAY)
            return
        if not onward:
            await loop.sock_sendall(caller, ESTABLISHED)
        await loop.connect_accepted_socket(lambda: link.near, caller)
        link.inward.carry(onward + rest) if onward + rest else None
        # What has been dropped while they came in.
        link.fall_silent(silent=self._drops(host))
        await link.is_over.wait()


async def _refuse(caller: socket.socket, answer: bytes) -> None:
    """Say no, and close so that it is heard."""
    await asyncio.get_running_loop().sock_sendall(caller, answer)
    caller.close()


async def _head(caller: socket.socket) -> tuple[bytes, bytes]:
    """A request up to the blank line, and what came after it. Raises OSError."""
    loop = asyncio.get_running_loop()
    got = b""
    while END not in got:
        part = await loop.sock_recv(caller, HEAD_LIMIT_BYTES)
        if not part or len(got) > HEAD_LIMIT_BYTES:
            raise ConnectionAbortedError
        got += part
    head, _, rest = got.partition(END)
    return head, rest


def _target_of(head: bytes) -> tuple[str, int, bytes] | None:
    """Host, port, and what to say there, which is nothing for a tunnel; None for what is no request to a proxy."""
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
            # One request a connection: the next one may be for another host.
            kept = [field for field in fields if not field.lower().startswith(HOP_BY_HOP_HEADERS)]
            kept.append(b"Connection: Upgrade" if is_upgrade else b"Connection: close")
            line = f"{method} {path} {version}".encode()
            return parts.hostname, parts.port or 80, b"\r\n".join([line, *kept]) + END
    return None
