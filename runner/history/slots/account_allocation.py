"""The accounts that a run has been given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAllocation:
    """The account of each role, and the names of the locks that keep other runs from them."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    locks: Sequence[str] = ()
