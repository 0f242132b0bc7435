"""An event loop in a thread of its own, so that tests speak to what runs there with plain, blocking sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Made = TypeVar("Made")
SOON_S = 5.0


class EventLoop:
    """Runs from `with` to its end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, deed: Coroutine[Any, Any, Made]) -> Made:
        """What a coroutine comes to."""
        return asyncio.run_coroutine_threadsafe(deed, self._loop).result(SOON_S)
