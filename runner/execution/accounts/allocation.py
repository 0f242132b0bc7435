"""Who plays: an account for each role of a journey, each in one run at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from firstbell.runner.history.slots.claims import AccountAllocation

EVERY_ROLE = "*"
"""What a journey needs that may bring anybody on."""
MEETS = frozenset({"live-class", "plan-b"})
"""Services in which two people meet in the one synthetic class, so that a second pair would walk in on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCandidate:
    """An account that may be cast. `lock` is its name wherever First Bell runs; no group means all of them."""

    account: str
    role: str
    lock: str
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """What a journey asks for: roles, the groups it goes to school with, and whether its people meet in the class."""

    roles: Sequence[str]
    groups: Sequence[str] = ()
    meets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPool:
    """All that can be cast. `room` is the lock of the synthetic class."""

    candidates: Sequence[AccountCandidate]
    room: str

    def cast(self, part: AccountRequest, taken: Set[str]) -> AccountAllocation | None:
        """Somebody for each role who is in no other run; None when one of them is busy.

        A role without any account is left open: the journey then says so itself, and what to add.
        """
        if part.meets and self.room in taken:
            return None
        chosen: dict[str, AccountCandidate] = {}
        for role in self._roles(part):
            able = list(self._able(role, part.groups))
            if not able:
                continue
            free = [one for one in able if one.lock not in taken]
            if not free:
                return None
            chosen[role] = free[0]
        room = [self.room] if part.meets else []
        locks = [*dict.fromkeys(one.lock for one in chosen.values()), *room]
        return AccountAllocation(accounts={role: one.account for role, one in chosen.items()}, locks=locks)

    def _roles(self, part: AccountRequest) -> list[str]:
        if EVERY_ROLE in part.roles:
            return list(dict.fromkeys(candidate.role for candidate in self.candidates))
        return list(part.roles)

    def _able(self, role: str, groups: Sequence[str]) -> Iterator[AccountCandidate]:
        """Those of a role who go to school with one of the groups, the ones that belong to it before the others."""
        of_role = [candidate for candidate in self.candidates if candidate.role == role]
        yield from (one for one in of_role if set(one.groups) & set(groups))
        yield from (one for one in of_role if not one.groups)
        if not groups:
            yield from (one for one in of_role if one.groups)
