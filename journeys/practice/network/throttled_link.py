"""Two connections tied together: what one says the other hears, at once, late, in part, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass

NO_DELAY = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends a reset instead of an end (socket(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A slow and lossy way. Of every three packets of an answer the second is lost, and comes when it has been sent
    again; what is asked for comes late, but at the first try."""

    each_way_s: float = 2.0
    # What a host may send without asking (RFC 879): an answer's head goes through, and its page waits.
    packet_bytes: int = 536
    # Before its first measurement, a sender waits three round trips until it sends again (RFC 6298, 2.2).
    sent_again_s: float = 12.0


class LinkDirection:
    """One direction of a link. Whatever happens to it, order is kept."""

    def __init__(self, *, answers: bool) -> None:
        self.out: asyncio.Transport | None = None
        self.delay: Delay | None = None
        self.is_silent = False
        self.cut_after_bytes: int | None = None
        self._answers = answers
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._packets = 0
        self._is_ending = False

    def carry(self, data: bytes) -> None:
        """Pass `data` on, now or when it is due."""
        if self._answers and self.cut_after_bytes is not None:
            self._cut(data)
        elif self.out is not None and not self._waiting and self.delay is None and not self.is_silent:
            self._write(data)
        else:
            self._queue(data)
            self.flush()

    def end(self) -> None:
        """Nothing more will come: close once everything has been carried."""
        self._is_ending = True
        self.flush()

    def flush(self) -> None:
        """Pass on what is due, and come back for the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.out is None or self.is_silent:
            return
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0][0] <= loop.time():
            self._write(self._waiting.popleft()[1])
        if self._waiting:
            self._timer = loop.call_at(self._waiting[0][0], self.flush)
        elif self._is_ending:
            self.out.close()

    def drop(self) -> None:
        """Forget what is under way."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _queue(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        last = self._waiting[-1][0] if self._waiting else 0.0
        if self.delay is None:
            self._waiting.append((max(now, last), data))
            return
        size = self.delay.packet_bytes
        for packet in (data[start : start + size] for start in range(0, len(data), size)):
            is_lost = self._answers and self._packets % 3 == 1
            self._packets += 1
            last = max(last, now + self.delay.each_way_s + (self.delay.sent_again_s if is_lost else 0.0))
            self._waiting.append((last, packet))

    def _cut(self, data: bytes) -> None:
        """Pass on the beginning of an answer, then reset."""
        allowed = self.cut_after_bytes or 0
        self.cut_after_bytes = max(0, allowed - len(data))
        self._write(data[:allowed])
        if self.out is not None and len(data) >= allowed:
            reset(self.out)

    def _write(self, data: bytes) -> None:
        if self.out is not None and not self.out.is_closing():
            self.out.write(data)


class LinkEnd(asyncio.Protocol):
    """One of a link's two connections."""

    def __init__(self, link: ThrottledLink, outward: LinkDirection) -> None:
        self._link = link
        self._outward = outward
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on what was carried here can be written."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # as create_connection promises
        self.transport = transport
        self._link.connected(self)

    def data_received(self, data: bytes) -> None:
        """Carry it over."""
        self._outward.carry(data)

    def pause_writing(self) -> None:
        """This side does not keep up: the other waits."""
        self._link.hold_other(self, held=True)

    def resume_writing(self) -> None:
        """This side has caught up."""
        self._link.hold_other(self, held=False)

    def connection_lost(self, _error: Exception | None) -> None:
        """This side is gone, so the other ends too."""
        self._outward.end()
        self._link.lost()


class ThrottledLink:
    """`near` is whoever came, `far` what stands behind."""

    def __init__(self) -> None:
        self.inward, self.outward = LinkDirection(answers=False), LinkDirection(answers=True)
        self.near, self.far = LinkEnd(self, self.inward), LinkEnd(self, self.outward)
        self._is_silent = False
        self._lost = 0
        self.is_over = asyncio.Event()

    def connected(self, end: LinkEnd) -> None:
        """One end stands."""
        lane = self.outward if end is self.near else self.inward
        lane.out = end.transport
        if self._is_silent and end.transport is not None:
            end.transport.pause_reading()
        lane.flush()

    def lost(self) -> None:
        """One end is gone."""
        self._lost += 1
        if self._lost == sum(end.transport is not None for end in (self.near, self.far)):
            self.is_over.set()

    def hold_other(self, end: LinkEnd, *, held: bool) -> None:
        """Stop reading where the other end does not keep up, and go on once it has."""
        other = (self.far if end is self.near else self.near).transport
        if other is None or other.is_closing() or self._is_silent:
            return
        other.pause_reading() if held else other.resume_reading()

    def fall_silent(self, *, silent: bool) -> None:
        """Let nothing through either way, as a dead cable does, or everything that has waited."""
        self._is_silent = silent
        for transport in self._transports():
            transport.pause_reading() if silent else transport.resume_reading()
        for lane in (self.inward, self.outward):
            lane.is_silent = silent
            lane.flush()

    def slow_down(self, delay: Delay | None) -> None:
        """Carry what comes from now on with this delay."""
        self.inward.delay = self.outward.delay = delay

    def cut_after(self, count_bytes: int | None) -> None:
        """Reset once so much more has been answered."""
        self.outward.cut_after_bytes = count_bytes

    def reset(self) -> None:
        """End both sides at once; whoever came sees a reset."""
        for lane in (self.inward, self.outward):
            lane.drop()
        for transport in self._transports():
            reset(transport)

    def _transports(self) -> list[asyncio.Transport]:
        both = (self.near.transport, self.far.transport)
        return [transport for transport in both if transport is not None and not transport.is_closing()]


def reset(transport: asyncio.Transport) -> None:
    """Close a connection with a reset."""
    held = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # The other side may have closed it this moment.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_DELAY)
    transport.abort()
