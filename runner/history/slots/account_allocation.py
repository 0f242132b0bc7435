"""The accounts that a run has been given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LOCK_LIMIT = 250
"""The longest name of a lock, in characters: the width of its column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAllocation:
    """The account of each role, and the names of the locks that keep other runs from them."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    locks: Sequence[str] = ()


def lock_name(name: str) -> str:
    """Returns the name of a lock; the end of one that is too long is replaced by a hash of the whole."""
    if len(name) <= LOCK_LIMIT:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{name[: LOCK_LIMIT - len(digest) - 1]} {digest}"
