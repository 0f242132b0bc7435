"""TCP listener that runs a handler per connection and can close all connections at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from firstbell.journeys.practice.network.throttled_link import NO_DELAY

ConnectionHandler = Callable[[socket.socket], Coroutine[Any, Any, None]]
BACKLOG = 128
"""Connections that may wait to be accepted."""
BACKLOG_FILLERS = 3
"""A backlog of 0 holds one connection; the others stay pending and fill the queue."""


class Listener:
    """Accepts connections from `open` to `close`, and can be opened again."""

    def __init__(self, handler: ConnectionHandler) -> None:
        self._handler = handler
        self._listener: socket.socket | None = None
        self._fillers: tuple[socket.socket, ...] = ()
        self._connections: dict[asyncio.Task[None], socket.socket] = {}

    @property
    def is_open(self) -> bool:
        """True while there is a listening socket."""
        return self._listener is not None

    def open(self, listener: socket.socket) -> None:
        """Listens on a bound socket, which the listener owns from now on."""
        self._stop_listening()
        self._listener = listener
        listener.listen(BACKLOG)
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def stop_accepting(self, listener: socket.socket) -> None:
        """Leaves new connections unanswered, as an unreachable host does: the accept queue is kept full, and then Linux
        drops connection requests silently. Open connections stay."""
        self._stop_listening()
        self._listener = listener
        listener.listen(0)
        self._fillers = tuple(socket.socket() for _ in range(BACKLOG_FILLERS))
        for filler in self._fillers:
            filler.setblocking(False)  # noqa: FBT003  # the standard library's own
            filler.connect_ex(listener.getsockname())

    async def close(self) -> None:
        """Refuses new connections and closes the open ones."""
        self._stop_listening()
        tasks = tuple(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for filler in self._fillers:
            filler.close()
        self._fillers = ()

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # The client hung up before it was accepted.
        connection.setblocking(False)  # noqa: FBT003  # the standard library's own
        task = asyncio.create_task(self._handler(connection))
        self._connections[task] = connection
        task.add_done_callback(self._close_connection)

    def _close_connection(self, task: asyncio.Task[None]) -> None:
        """Resets a connection that is still open, also where its handler was cancelled before it began."""
        connection = self._connections.pop(task)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_DELAY)
        connection.close()


def bound_socket(port: int = 0) -> socket.socket:
    """Binds a TCP socket to a loopback port that several sockets of this process may share. Raises OSError."""
    # With the protocol named, asyncio sends small parts at once (TCP_NODELAY); otherwise each waits 40 ms for an ACK.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return bound_to_port(bound, port)


def bound_to_port(bound: socket.socket, port: int) -> socket.socket:
    """Makes a socket non-blocking and binds it to a loopback port; closes it if it cannot. Raises OSError."""
    bound.setblocking(False)  # noqa: FBT003  # the standard library's own
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound
