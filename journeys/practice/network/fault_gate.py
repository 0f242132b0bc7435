"""The gate in front of a service: its public port, and everything that can go wrong on the way there.

Healthy, it passes bytes on and nothing else. What is wrong hits open connections too: a network that breaks does not
wait for new ones.
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
"""More than the head of an answer and less than any page."""
TLS_HANDSHAKE = 0x16
"""The first byte of everything that begins with TLS (RFC 8446, 5.1)."""


class GateFault(Enum):
    """What is wrong with the way through a gate."""

    NONE = "none"
    REFUSES = "refuses"
    SILENT = "silent"
    RESETS = "resets"
    CUTS = "cuts"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """How a gate is passed: to which loopback port, with which certificate, and with what trouble. `plain_too` lets in
    those who do not speak TLS although there is a certificate."""

    port: int
    trouble: GateFault = GateFault.NONE
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    plain_too: bool = False


class FaultGate:
    """One public port. It is held by a socket that never listens: a gate that refuses keeps its port."""

    def __init__(self, delay: Delay | None = None) -> None:
        self._hold = bound_socket()
        self.port: int = self._hold.getsockname()[1]
        self._delay = delay or Delay()
        self._way: GateSettings | None = None
        self._links: set[ThrottledLink] = set()
        self._changed = asyncio.Event()
        self._callers = Listener(self._visit)

    async def lead(self, way: GateSettings) -> None:
        """Go by another way from now on, for open connections too."""
        before, self._way = self._way, way
        if way == before:
            return
        self._changed.set()
        self._changed = asyncio.Event()
        is_elsewhere = before is not None and self._is_elsewhere(before)
        for link in tuple(self._links):
            self._apply(link, way, is_elsewhere=is_elsewhere)
        if way.trouble is GateFault.REFUSES:
            await self._callers.shut()
        elif way.trouble is GateFault.SILENT:
            self._callers.stop_accepting(bound_socket(self.port))
        elif not self._callers.is_open or (before is not None and before.trouble is GateFault.SILENT):
            self._callers.open(bound_socket(self.port))

    async def close(self) -> None:
        """Hang up on everybody, and give the port back."""
        await self._callers.shut()
        self._hold.close()

    async def _visit(self, caller: socket.socket) -> None:
        """One caller, until the gate is behind them or they have gone."""
        link = ThrottledLink()
        try:
            way = await self._let_in(caller)
            self._links.add(link)
            tls = way.tls
            if tls is not None and way.plain_too and await _first_byte(caller) != TLS_HANDSHAKE:
                tls = None
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: link.far, "127.0.0.1", way.port)
            await loop.connect_accepted_socket(lambda: link.near, caller, ssl=tls)
            # What has become wrong while they came in.
            self._apply(link, self._way or way, is_elsewhere=self._is_elsewhere(way))
            await link.is_over.wait()
        except OSError:
            return  # They have gone, or want none of our certificate: their answer, and no error of ours.
        finally:
            link.reset()
            self._links.discard(link)

    async def _let_in(self, caller: socket.socket) -> GateSettings:
        """Wait until the way is open to somebody new. Never returns where callers are reset. Raises OSError."""
        while True:
            way, changed = self._way, self._changed
            assert way is not None  # noqa: S101  # nobody calls before there is a way
            if way.trouble is GateFault.SILENT:
                await changed.wait()
                continue
            if way.trouble is GateFault.RESETS:
                # Only once they have said something: a reset before that is a connection that never stood.
                await _first_byte(caller)
                raise ConnectionResetError
            if way.trouble is GateFault.SLOW and way.tls is not None:
                # The hellos go there and back before anything else is said.
                await asyncio.sleep(2 * self._delay.each_way_s)
            if self._way == way:
                return way

    def _is_elsewhere(self, way: GateSettings) -> bool:
        """Whether those who came by `way` would now come to another place, or be shown another certificate."""
        return self._way is None or (self._way.port, self._way.tls) != (way.port, way.tls)

    def _apply(self, link: ThrottledLink, way: GateSettings, *, is_elsewhere: bool) -> None:
        if is_elsewhere or way.trouble in (GateFault.RESETS, GateFault.REFUSES):
            link.reset()
            return
        link.fall_silent(silent=way.trouble is GateFault.SILENT)
        link.slow_down(self._delay if way.trouble is GateFault.SLOW else None)
        link.cut_after(CUT_AFTER_BYTES if way.trouble is GateFault.CUTS else None)


async def _first_byte(caller: socket.socket) -> int:
    """The first byte that a caller says, left where it is; -1 where they hang up instead. Raises OSError."""
    loop = asyncio.get_running_loop()
    said = asyncio.Event()
    loop.add_reader(caller, said.set)
    try:
        await said.wait()
    finally:
        loop.remove_reader(caller)
    begun = caller.recv(1, socket.MSG_PEEK)
    return begun[0] if begun else -1
