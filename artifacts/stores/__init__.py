"""Stores of evidence, one kind per module. The scheme of `store.url` in the configuration chooses one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from firstbell.artifacts.holds import LegalHold
from firstbell.artifacts.policy import Lifetime
from firstbell.errors import CONFIG, ERRORED, FirstBellError
from firstbell.web_access import WebAccess

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
    """Options of a store besides its address; each store uses those that apply to it.

    `lock_days`: the days for which even the owner cannot delete a failure's evidence (S3 Object Lock, governance mode).
    `web`: the way of requests out of this machine.
    """

    endpoint_url: str = ""
    region: str = ""
    sse: Encryption = ""
    kms_key_id: str = ""
    checksums: Checksums = "when_supported"
    tags: bool = True
    lock_days: int = 0
    web: WebAccess = field(default_factory=WebAccess)


class StoreError(FirstBellError):
    """A store failed; the message is one sentence. `permanent` means that trying again is of no use."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.exit_code = CONFIG if permanent else ERRORED


class Denied(StoreError):
    """The store was reached, and these credentials may not do this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class AlreadyStored(StoreError):
    """The name already has other bytes, and a stored object is never overwritten."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Store(Protocol):
    """A store of files by name, each written once. Names are relative paths with forward slashes."""

    def check(self) -> None:
        """Check that the store can be used. Raises StoreError."""

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Store `data` for its lifetime. The same bytes again are accepted; other bytes raise AlreadyStored."""

    def get(self, name: str) -> bytes:
        """Return the content of a name. Raises StoreError, permanent if there is none."""

    def names(self, prefix: str) -> list[str]:
        """Return all names that begin with a prefix, sorted."""

    def address(self, name: str) -> str:
        """Return the path or address where a person finds the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """An address that opens one object for anyone who has it, until `ends_at` (UTC). `why` explains that end."""

    url: str
    ends_at: datetime
    why: str


@runtime_checkable
class SupportsHolds(Protocol):
    """A store that can keep objects beyond their lifetime."""

    def hold(self, names: Sequence[str], by: str) -> None:
        """Keep these objects until they are let go. `by` is who asked, and why. Raises StoreError."""

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Give these objects their lifetime back, except those that another hold names too. Raises StoreError."""

    def held(self) -> list[LegalHold]:
        """Return the holds in force. Raises StoreError."""


@runtime_checkable
class SupportsLinks(Protocol):
    """A store on the web, which can make links to its objects. `web` is the way to it, with what is trusted."""

    web: WebAccess

    def way(self) -> str:
        """Return the way to the store in words: directly, or by which proxy. Raises StoreError."""

    def link(self, name: str, *, for_s: float) -> ShareLink:
        """Return a link to one object, valid for `for_s` or as long as the credentials allow. Raises StoreError."""


def open_store(url: str, options: StoreOptions) -> Store:
    """Open the store at a folder's path, `s3://bucket/prefix` or `memory:`. Raises StoreError for an unknown scheme."""
    scheme, separator, _ = url.partition(":")
    if not separator or scheme not in STORES:
        if "://" in url:
            known = ", ".join(f"{name}://" for name in STORES if name)
            raise StoreError(f"store.url: {scheme}:// is not supported; use a folder or one of {known}", permanent=True)
        scheme = ""
    module, _, name = STORES[scheme].partition(":")
    store: Store = getattr(importlib.import_module(module), name)(url, options)
    return store
