"""Allocates an account to each role of a journey; an account is in one run at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.schedule.capacity import THE_CLASS

EVERY_ROLE = "*"
"""The request of a journey that may bring on any role."""
MEETS = frozenset({"live-class", "plan-b"})
"""Services in which actors meet in the one synthetic class, so that a second pair would walk in on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCandidate:
    """An account that can be allocated. `lock` is its name on all machines; no group means all groups."""

    account: str
    role: str
    lock: str
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """The accounts that a journey needs: roles, their groups, and whether its actors meet in the class."""

    roles: Sequence[str]
    groups: Sequence[str] = ()
    meets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPool:
    """The accounts that can be allocated. `room` is the lock of the synthetic class."""

    candidates: Sequence[AccountCandidate]
    room: str

    def allocate(self, request: AccountRequest, taken: Set[str]) -> AccountAllocation | None:
        """Returns an account that is in no other run for each role; None if one of them is busy.

        A role without any account stays open: the journey then fails with a message that says what to add.
        """
        if request.meets and self.room in taken:
            return None
        chosen: dict[str, AccountCandidate] = {}
        for role in self._roles(request):
            eligible = list(self._eligible(role, request.groups))
            if not eligible:
                continue
            available = [candidate for candidate in eligible if candidate.lock not in taken]
            if not available:
                return None
            chosen[role] = available[0]
        room = [self.room] if request.meets else []
        locks = [*dict.fromkeys(candidate.lock for candidate in chosen.values()), *room]
        return AccountAllocation(accounts={role: candidate.account for role, candidate in chosen.items()}, locks=locks)

    def needs(self, request: AccountRequest) -> list[frozenset[str]]:
        """Returns, for each account that is taken, the names of those that can be; the class counts as one."""
        of_roles = [{found.account for found in self._eligible(role, request.groups)} for role in self._roles(request)]
        return [frozenset(names) for names in [*of_roles, {THE_CLASS} if request.meets else set()] if names]

    def _roles(self, request: AccountRequest) -> list[str]:
        if EVERY_ROLE in request.roles:
            return list(dict.fromkeys(candidate.role for candidate in self.candidates))
        return list(request.roles)

    def _eligible(self, role: str, groups: Sequence[str]) -> Iterator[AccountCandidate]:
        """Yields the accounts of a role that belong to one of the groups, before those without groups."""
        of_role = [candidate for candidate in self.candidates if candidate.role == role]
        yield from (candidate for candidate in of_role if set(candidate.groups) & set(groups))
        yield from (candidate for candidate in of_role if not candidate.groups)
        if not groups:
            yield from (candidate for candidate in of_role if candidate.groups)
