"""The doors of the practice school: loopback ports that stay ours, and can be shut so that a connection is refused."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

# A page that is open when a door shuts has this long to finish what it was getting.
SHUTTING_S = 1


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Door:
    """One service's port, held by a socket that never listens: a shut door refuses, and the port stays ours."""

    def __init__(self) -> None:
        self._hold = self._bound(0)
        self.port: int = self._hold.getsockname()[1]
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self, app: ASGIApp) -> None:
        """Answer from now on."""
        if self._server is not None:
            return
        config = uvicorn.Config(
            app,
            log_level="error",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=SHUTTING_S,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._bound(self.port)]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.005)

    async def shut(self) -> None:
        """Refuse from now on, and hang up on whoever is connected."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        self._server = self._serving = None

    async def close(self) -> None:
        """Shut, and give the port back."""
        await self.shut()
        self._hold.close()

    @staticmethod
    def _bound(port: int) -> socket.socket:
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", port))
        return held
