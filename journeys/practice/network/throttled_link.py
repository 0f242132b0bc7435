"""Link between two connections that passes bytes on at once, late, in part, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass

NO_DELAY = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST instead of FIN (socket(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A slow and lossy network path. Of every three response packets the second is lost and retransmitted; requests
    arrive late but complete."""

    latency_s: float = 2.0
    # The default segment size (RFC 879): the head of a response passes, and its page waits.
    packet_bytes: int = 536
    # Before its first measurement, a sender waits three round trips until it retransmits (RFC 6298, 2.2).
    retransmit_s: float = 12.0


class LinkDirection:
    """One direction of a link. Bytes keep their order under every fault."""

    def __init__(self, *, is_response: bool) -> None:
        self.transport: asyncio.Transport | None = None
        self.delay: Delay | None = None
        self.is_silent = False
        self.cut_after_bytes: int | None = None
        self._is_response = is_response
        self._pending: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._packets = 0
        self._is_ending = False

    def carry(self, data: bytes) -> None:
        """Passes `data` on, now or when it is due."""
        if self._is_response and self.cut_after_bytes is not None:
            self._cut(data)
        elif self.transport is not None and not self._pending and self.delay is None and not self.is_silent:
            self._write(data)
        else:
            self._queue(data)
            self.flush()

    def end(self) -> None:
        """Marks the end of the data: closes once everything has been passed on."""
        self._is_ending = True
        self.flush()

    def flush(self) -> None:
        """Passes on what is due and schedules the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.transport is None or self.is_silent:
            return
        loop = asyncio.get_running_loop()
        while self._pending and self._pending[0][0] <= loop.time():
            self._write(self._pending.popleft()[1])
        if self._pending:
            self._timer = loop.call_at(self._pending[0][0], self.flush)
        elif self._is_ending:
            self.transport.close()

    def drop(self) -> None:
        """Discards the data that waits."""
        self._pending.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _queue(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        last = self._pending[-1][0] if self._pending else 0.0
        if self.delay is None:
            self._pending.append((max(now, last), data))
            return
        size = self.delay.packet_bytes
        for packet in (data[start : start + size] for start in range(0, len(data), size)):
            is_lost = self._is_response and self._packets % 3 == 1
            self._packets += 1
            last = max(last, now + self.delay.latency_s + (self.delay.retransmit_s if is_lost else 0.0))
            self._pending.append((last, packet))

    def _cut(self, data: bytes) -> None:
        """Passes on the beginning of a response, then resets."""
        allowed = self.cut_after_bytes or 0
        self.cut_after_bytes = max(0, allowed - len(data))
        self._write(data[:allowed])
        if self.transport is not None and len(data) >= allowed:
            reset(self.transport)

    def _write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)


class LinkEnd(asyncio.Protocol):
    """One of a link's two connections."""

    def __init__(self, link: ThrottledLink, outward: LinkDirection) -> None:
        self._link = link
        self._outward = outward
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Registers the connection, so that waiting data can be written."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # as create_connection promises
        self.transport = transport
        self._link.connected(self)

    def data_received(self, data: bytes) -> None:
        """Passes data to the other end."""
        self._outward.carry(data)

    def pause_writing(self) -> None:
        """Pauses the other end while this one does not keep up."""
        self._link.pause_other(self, paused=True)

    def resume_writing(self) -> None:
        """Resumes the other end."""
        self._link.pause_other(self, paused=False)

    def connection_lost(self, _error: Exception | None) -> None:
        """Ends the other side as well."""
        self._outward.end()
        self._link.lost()


class ThrottledLink:
    """A link between a client (`near`) and a service (`far`)."""

    def __init__(self) -> None:
        self.inward, self.outward = LinkDirection(is_response=False), LinkDirection(is_response=True)
        self.near, self.far = LinkEnd(self, self.inward), LinkEnd(self, self.outward)
        self._is_silent = False
        self._lost = 0
        self.is_over = asyncio.Event()

    def connected(self, end: LinkEnd) -> None:
        """Registers that one end is connected."""
        direction = self.outward if end is self.near else self.inward
        direction.transport = end.transport
        if self._is_silent and end.transport is not None:
            end.transport.pause_reading()
        direction.flush()

    def lost(self) -> None:
        """Registers that one end is gone."""
        self._lost += 1
        if self._lost == sum(end.transport is not None for end in (self.near, self.far)):
            self.is_over.set()

    def pause_other(self, end: LinkEnd, *, paused: bool) -> None:
        """Stops reading from the other end while `end` does not keep up, and resumes afterwards."""
        other = (self.far if end is self.near else self.near).transport
        if other is None or other.is_closing() or self._is_silent:
            return
        other.pause_reading() if paused else other.resume_reading()

    def set_silent(self, *, silent: bool) -> None:
        """Stops both directions, as a dead cable does, or passes on what has waited."""
        self._is_silent = silent
        for transport in self._transports():
            transport.pause_reading() if silent else transport.resume_reading()
        for direction in (self.inward, self.outward):
            direction.is_silent = silent
            direction.flush()

    def set_delay(self, delay: Delay | None) -> None:
        """Delays all data from now on."""
        self.inward.delay = self.outward.delay = delay

    def cut_after(self, count_bytes: int | None) -> None:
        """Resets the link once the service has sent so many more bytes."""
        self.outward.cut_after_bytes = count_bytes

    def reset(self) -> None:
        """Ends both sides at once; the client sees a reset."""
        for direction in (self.inward, self.outward):
            direction.drop()
        for transport in self._transports():
            reset(transport)

    def _transports(self) -> list[asyncio.Transport]:
        both = (self.near.transport, self.far.transport)
        return [transport for transport in both if transport is not None and not transport.is_closing()]


def reset(transport: asyncio.Transport) -> None:
    """Closes a connection with a reset."""
    socket_ = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # The other side may have closed it this moment.
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_DELAY)
    transport.abort()
