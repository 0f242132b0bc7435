"""Those who call at a port: each is met by a visit of their own, and all can be sent away at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from firstbell.journeys.practice.network.throttled_link import NO_DELAY

ConnectionHandler = Callable[[socket.socket], Coroutine[Any, Any, None]]
BACKLOG = 128
"""How many may knock before anybody looks."""
BACKLOG_FILLERS = 3
"""A backlog of 0 holds one; the others wait to be told, and are no trouble to anybody."""


class Listener:
    """Meets callers from `open` to `shut`, and can do so again."""

    def __init__(self, visit: ConnectionHandler) -> None:
        self._visit = visit
        self._listener: socket.socket | None = None
        self._fillers: tuple[socket.socket, ...] = ()
        self._visits: dict[asyncio.Task[None], socket.socket] = {}

    @property
    def is_open(self) -> bool:
        """Whether anybody is met."""
        return self._listener is not None

    def open(self, listener: socket.socket) -> None:
        """Listen from now on, on a socket that is bound and that is ours from here."""
        self._stop_listening()
        self._listener = listener
        listener.listen(BACKLOG)
        asyncio.get_running_loop().add_reader(listener, self._welcome, listener)

    def stop_accepting(self, listener: socket.socket) -> None:
        """Answer nobody from now on, as a host does that is gone: a queue that nobody empties is kept full, and then
        Linux drops whoever knocks without a word. Those who were met stay."""
        self._stop_listening()
        self._listener = listener
        listener.listen(0)
        self._fillers = tuple(socket.socket() for _ in range(BACKLOG_FILLERS))
        for filler in self._fillers:
            filler.setblocking(False)  # noqa: FBT003  # the standard library's own
            filler.connect_ex(listener.getsockname())

    async def shut(self) -> None:
        """Refuse from now on, and hang up on whoever was met."""
        self._stop_listening()
        visits = tuple(self._visits)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for filler in self._fillers:
            filler.close()
        self._fillers = ()

    def _welcome(self, listener: socket.socket) -> None:
        try:
            caller, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # Gone before they were met.
        caller.setblocking(False)  # noqa: FBT003  # the standard library's own
        visit = asyncio.create_task(self._visit(caller))
        self._visits[visit] = caller
        visit.add_done_callback(self._farewell)

    def _farewell(self, visit: asyncio.Task[None]) -> None:
        """Close with a reset what nobody has closed, also where a visit was called off before it began."""
        caller = self._visits.pop(visit)
        with contextlib.suppress(OSError):
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_DELAY)
        caller.close()


def bound_socket(port: int = 0) -> socket.socket:
    """A loopback port that can be listened on, and that several of our own sockets may hold."""
    # With its protocol named, asyncio sends small parts at once (TCP_NODELAY); without, each waits 40 ms for an answer.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return bound_to_port(held, port)


def bound_to_port(held: socket.socket, port: int) -> socket.socket:
    """A socket bound to a loopback port, and waiting for nothing; closed where it cannot be had. Raises OSError."""
    held.setblocking(False)  # noqa: FBT003  # the standard library's own
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        raise
    return held
