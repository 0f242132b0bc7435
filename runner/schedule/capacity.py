"""Tells whether workers and accounts can carry a timetable, by the load of its busiest quarter of an hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from firstbell.runner.schedule.slots import Due

QUARTER_S = 900
# Above this a failure's confirmation, or one slow sign-in, is enough to make the next slot late.
FULL = 0.8
THE_CLASS = "the class"
"""The synthetic class, in which one run meets at a time: it is taken like an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNeeds:
    """The accounts that journeys take: `needs` has, for each journey, one set of names for each account that it takes,
    those that can be taken (`frozenset({"student", "student2"})`). All `locations` share them."""

    needs: Mapping[str, Sequence[frozenset[str]]] = field(default_factory=dict)
    locations: int = 1


NO_ACCOUNTS = AccountNeeds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The busiest quarter of an hour of what is scarcest: `busy_s` seconds of runs for `places` workers, or for the
    accounts that `accounts` names. `most` is the journey with the largest part of it."""

    begins: datetime
    busy_s: float
    places: int
    most: str
    accounts: Sequence[str] = ()

    @property
    def share(self) -> float:
        """The share of the time of workers or accounts; above 1 it is not enough."""
        return self.busy_s / (QUARTER_S * self.places)

    @property
    def carriers(self) -> str:
        """The workers or accounts, as a subject."""
        if self.accounts:
            noun = "" if len(self.accounts) == 1 else "the accounts "
            return f"{noun}{', '.join(self.accounts)}"
        return f"{self.places} {'worker' if self.places == 1 else 'workers'}"

    @property
    def warning(self) -> str:
        """A sentence for the operator; empty if the load is no problem."""
        if self.share <= FULL:
            return ""
        can = "cannot carry" if self.share > 1 else "can only just carry"
        more = "add accounts of that role, or " if self.accounts else "add workers in [watch], or "
        more = "" if THE_CLASS in self.accounts else more
        return f"{self.carriers} {can} this: {self.share:.0%} busy, mostly with {self.most}; {more}play less often"


def busiest_quarter(
    dues: Sequence[Due], expected_s: Mapping[str, float], workers: int, accounts: AccountNeeds = NO_ACCOUNTS
) -> Load | None:
    """Returns the highest load of workers or accounts in a quarter of an hour; None if nothing is due."""
    quarters: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for due in dues:
        quarters[int(due.at.timestamp()) // QUARTER_S][due.journey] += expected_s[due.journey]
    loads = [load for number, busy_s in quarters.items() for load in _loads(number, busy_s, workers, accounts)]
    return max(loads, key=lambda load: (load.share, -load.begins.timestamp()), default=None)


def _loads(quarter: int, busy_s: Mapping[str, float], workers: int, shared: AccountNeeds) -> Iterator[Load]:
    """Yields the load of the workers, and that of each set of accounts by all needs that only it can meet."""
    begins = datetime.fromtimestamp(quarter * QUARTER_S, UTC)
    yield _load(begins, busy_s, places=workers)
    needs = {journey: shared.needs.get(journey, ()) for journey in busy_s}
    for accounts in {need for wanted in needs.values() for need in wanted}:
        taken = {name: sum(need <= accounts for need in wanted) * shared.locations for name, wanted in needs.items()}
        by_journey = {name: seconds * taken[name] for name, seconds in busy_s.items()}
        yield _load(begins, by_journey, places=len(accounts), accounts=sorted(accounts))


def _load(begins: datetime, busy_s: Mapping[str, float], *, places: int, accounts: Sequence[str] = ()) -> Load:
    most = max(busy_s, key=lambda journey: busy_s[journey])
    return Load(begins=begins, busy_s=sum(busy_s.values()), places=places, most=most, accounts=accounts)
