"""Where evidence is kept, one kind of place a file; a configuration names its own by the scheme of `store.url`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from firstbell.artifacts.holds import LegalHold
from firstbell.artifacts.lifetime import Lifetime
from firstbell.errors import CONFIG, ERRORED, FirstBellError

STORES: Mapping[str, str] = {
    "": "firstbell.artifacts.stores.folder:FolderStore",
    "s3": "firstbell.artifacts.stores.s3:S3Store",
    "memory": "firstbell.artifacts.stores.memory:MemoryStore",
}
"""Scheme -> "module:Class", imported when it is first used."""


Encryption = Literal["", "AES256", "aws:kms"]
Checksums = Literal["when_supported", "when_required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """What a store may be told besides its address; a store takes what concerns it.

    `lock_days`: for how long even its owner cannot delete a failure's evidence (S3 Object Lock, governance mode).
    """

    endpoint_url: str = ""
    region: str = ""
    sse: Encryption = ""
    kms_key_id: str = ""
    checksums: Checksums = "when_supported"
    tags: bool = True
    lock_days: int = 0


class StoreError(FirstBellError):
    """A store did not do what it should, said in one sentence. `permanent` means that trying again is of no use."""

    def __init__(self, said: str, *, permanent: bool) -> None:
        super().__init__(said)
        self.permanent = permanent
        self.exit_code = CONFIG if permanent else ERRORED


class Denied(StoreError):
    """The store is there, and these credentials may not do this; others may, or they may do other things."""

    def __init__(self, said: str) -> None:
        super().__init__(said, permanent=True)


class AlreadyStored(StoreError):
    """Other bytes lie under this name already, and what is kept is never written over."""

    def __init__(self, said: str) -> None:
        super().__init__(said, permanent=True)


class Store(Protocol):
    """Keeps files by name, each written once. Names are relative paths with forward slashes."""

    def check(self) -> None:
        """Whether anything can be kept here at all. Raises StoreError."""

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Keep `data` for its lifetime. The same bytes again are fine; other bytes under a name are AlreadyStored."""

    def get(self, name: str) -> bytes:
        """What is kept under a name. Raises StoreError, permanent when there is nothing."""

    def names(self, prefix: str) -> list[str]:
        """All names that begin with a prefix, sorted."""

    def place(self, name: str) -> str:
        """Where a person would look for it: a path or an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """An address that opens one object for anybody who has it, until `ends_at` (UTC). `why` says why it ends then."""

    url: str
    ends_at: datetime
    why: str


@runtime_checkable
class SupportsHolds(Protocol):
    """A store that can be told to keep something whatever its lifetime says."""

    def hold(self, names: Sequence[str], by: str) -> None:
        """Keep these objects until they are let go. `by` says who asked, and why. Raises StoreError."""

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Give these objects their lifetime back, but for those that another hold names too. Raises StoreError."""

    def held(self) -> list[LegalHold]:
        """What is held now. Raises StoreError."""


@runtime_checkable
class SupportsLinks(Protocol):
    """A store that can hand out addresses of what it keeps."""

    def link(self, name: str, *, for_s: float) -> ShareLink:
        """An address for one object, for so many seconds or for as long as the credentials allow. Raises StoreError."""


def open_store(url: str, options: StoreOptions) -> Store:
    """The store at a folder's path, `s3://bucket/prefix` or `memory:`. Raises StoreError for an unknown scheme."""
    scheme, separator, _ = url.partition(":")
    if not separator or scheme not in STORES:
        if "://" in url:
            known = ", ".join(f"{name}://" for name in STORES if name)
            raise StoreError(f"store.url: no store speaks {scheme}://; use a folder or one of {known}", permanent=True)
        scheme = ""
    module, _, name = STORES[scheme].partition(":")
    store: Store = getattr(importlib.import_module(module), name)(url, options)
    return store
