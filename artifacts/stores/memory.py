"""A store in memory, for tests and for trying things: gone when the process ends."""

from __future__ import annotations

from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import AlreadyStored, StoreError, StoreOptions


class MemoryStore:
    """Keeps bytes in a dictionary."""

    def __init__(self, url: str, _options: StoreOptions) -> None:
        self._url = url
        self._kept: dict[str, bytes] = {}

    def check(self) -> None:
        """There is always room."""

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Keep it, once."""
        del lifetime
        if self._kept.setdefault(name, data) != data:
            raise AlreadyStored(f"{name} is already kept with another content")

    def get(self, name: str) -> bytes:
        """What is kept."""
        try:
            return self._kept[name]
        except KeyError:
            raise StoreError(f"{name} is not in the store", permanent=True) from None

    def names(self, prefix: str) -> list[str]:
        """All names that begin with a prefix."""
        return sorted(name for name in self._kept if name.startswith(prefix))

    def place(self, name: str) -> str:
        """An address of its own kind."""
        return f"{self._url}{name}"
