"""The doors of the practice school: each service's own web server, on a loopback port behind its gate."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from firstbell.journeys.practice.network.listener import bound_socket

# A page that is open when a door closes has this long to finish what it was getting.
SHUTDOWN_S = 1


class _UvicornServer(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class ServiceServer:
    """One service's port. It is known before the door opens, so that services can be told of each other."""

    def __init__(self) -> None:
        self._held = bound_socket()
        self.port: int = self._held.getsockname()[1]
        self._server: _UvicornServer | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self, app: ASGIApp) -> None:
        """Answer from now on."""
        config = uvicorn.Config(
            app,
            log_level="error",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        self._server = _UvicornServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._held]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Hang up on whoever is connected, and give the port back."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._held.close()
