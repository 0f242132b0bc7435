"""Fault gate: a TCP front that holds a service's public port and injects network faults.

Without a fault it only passes bytes on. Faults hit open connections too: a network that breaks does not wait for new
ones.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from enum import Enum

from firstbell.journeys.practice.network.listener import Listener, bound_socket
from firstbell.journeys.practice.network.throttled_link import Delay, ThrottledLink

CUT_AFTER_BYTES = 400
"""More than the head of a response and less than any page."""
TLS_HANDSHAKE = 0x16
"""The first byte of every TLS connection (RFC 8446, 5.1)."""


class GateFault(Enum):
    """The network fault that a gate injects."""

    NONE = "none"
    REFUSES = "refuses"
    SILENT = "silent"
    RESETS = "resets"
    CUTS = "cuts"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """Target and fault of a gate: the loopback port it leads to, the certificate it presents, the fault it injects.
    `plain_too` also accepts clients without TLS although there is a certificate."""

    port: int
    fault: GateFault = GateFault.NONE
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    plain_too: bool = False


class FaultGate:
    """One public port. A socket that never listens reserves it, so that a gate that refuses keeps its port."""

    def __init__(self, delay: Delay | None = None) -> None:
        self._reserved = bound_socket()
        self.port: int = self._reserved.getsockname()[1]
        self._delay = delay or Delay()
        self._settings: GateSettings | None = None
        self._links: set[ThrottledLink] = set()
        self._changed = asyncio.Event()
        self._listener = Listener(self._serve)

    async def configure(self, settings: GateSettings) -> None:
        """Applies other settings, to open connections too."""
        before, self._settings = self._settings, settings
        if settings == before:
            return
        self._changed.set()
        self._changed = asyncio.Event()
        has_moved = before is not None and self._has_moved(before)
        for link in tuple(self._links):
            self._apply(link, settings, has_moved=has_moved)
        if settings.fault is GateFault.REFUSES:
            await self._listener.close()
        elif settings.fault is GateFault.SILENT:
            self._listener.stop_accepting(bound_socket(self.port))
        elif not self._listener.is_open or (before is not None and before.fault is GateFault.SILENT):
            self._listener.open(bound_socket(self.port))

    async def close(self) -> None:
        """Closes all connections and frees the port."""
        await self._listener.close()
        self._reserved.close()

    async def _serve(self, client: socket.socket) -> None:
        """Serves one connection until it ends."""
        link = ThrottledLink()
        try:
            settings = await self._admit(client)
            self._links.add(link)
            tls = settings.tls
            if tls is not None and settings.plain_too and await _first_byte(client) != TLS_HANDSHAKE:
                tls = None
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: link.far, "127.0.0.1", settings.port)
            await loop.connect_accepted_socket(lambda: link.near, client, ssl=tls)
            # The settings may have changed while the connection was made.
            self._apply(link, self._settings or settings, has_moved=self._has_moved(settings))
            await link.is_over.wait()
        except OSError:
            return  # The client hung up or rejected the certificate: no error of the gate.
        finally:
            link.reset()
            self._links.discard(link)

    async def _admit(self, client: socket.socket) -> GateSettings:
        """Waits until the gate lets a connection through. Raises OSError, also where the gate resets connections."""
        while True:
            settings, changed = self._settings, self._changed
            assert settings is not None  # noqa: S101  # the port only listens once there are settings
            if settings.fault is GateFault.SILENT:
                await changed.wait()
                continue
            if settings.fault is GateFault.RESETS:
                # Only after the client has sent data: a reset before that would be a connection that was never made.
                await _first_byte(client)
                raise ConnectionResetError
            if settings.fault is GateFault.SLOW and settings.tls is not None:
                # The TLS hellos make one round trip before any data.
                await asyncio.sleep(2 * self._delay.latency_s)
            if self._settings == settings:
                return settings

    def _has_moved(self, settings: GateSettings) -> bool:
        """Tells whether target or certificate are no longer those of `settings`."""
        return self._settings is None or (self._settings.port, self._settings.tls) != (settings.port, settings.tls)

    def _apply(self, link: ThrottledLink, settings: GateSettings, *, has_moved: bool) -> None:
        if has_moved or settings.fault in (GateFault.RESETS, GateFault.REFUSES):
            link.reset()
            return
        link.set_silent(silent=settings.fault is GateFault.SILENT)
        link.set_delay(self._delay if settings.fault is GateFault.SLOW else None)
        link.cut_after(CUT_AFTER_BYTES if settings.fault is GateFault.CUTS else None)


async def _first_byte(client: socket.socket) -> int:
    """Returns a connection's first byte without consuming it; -1 if the client hangs up. Raises OSError."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
    data = client.recv(1, socket.MSG_PEEK)
    return data[0] if data else -1
