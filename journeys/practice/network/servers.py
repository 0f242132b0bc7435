"""Web server of one practice service, on a loopback port behind its fault gate."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from firstbell.journeys.practice.network.listener import bound_socket

# Requests that are open when a server closes have this long to finish.
SHUTDOWN_S = 1


class _UvicornServer(uvicorn.Server):
    """A server that leaves signals to the main program, which runs several servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures no signals."""
        yield


class ServiceServer:
    """The web server of one service. Its port is known before it opens, so that services can refer to each other."""

    def __init__(self) -> None:
        self._socket = bound_socket()
        self.port: int = self._socket.getsockname()[1]
        self._server: _UvicornServer | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self, app: ASGIApp) -> None:
        """Starts serving `app`."""
        config = uvicorn.Config(
            app,
            log_level="error",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        self._server = _UvicornServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Closes all connections and frees the port."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._socket.close()
