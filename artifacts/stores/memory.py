"""A store in memory, for tests: gone when the process ends."""

from __future__ import annotations

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import AlreadyStored, StoreError, StoreOptions


class MemoryStore:
    """Keeps bytes in a dictionary."""

    def __init__(self, url: str, _options: StoreOptions) -> None:
        self._url = url
        self._kept: dict[str, bytes] = {}

    def check(self) -> None:
        """Pass: memory can always be used."""

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Store a file once."""
        del lifetime
        if self._kept.setdefault(name, data) != data:
            raise AlreadyStored(f"{name} already exists with different content")

    def get(self, name: str) -> bytes:
        """Return a file's content."""
        try:
            return self._kept[name]
        except KeyError:
            raise StoreError(f"{name} is not in the store", permanent=True) from None

    def names(self, prefix: str) -> list[str]:
        """Return all names that begin with a prefix."""
        return sorted(name for name in self._kept if name.startswith(prefix))

    def address(self, name: str) -> str:
        """Return a file's address."""
        return f"{self._url}{name}"
