"""The district that journeys are played in: its school, its class, its synthetic people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from journeys.stage.ending import JourneyError
from journeys.stage.school import School
from journeys.stage.service import Account, Classroom


class NoAccount(JourneyError):
    """A journey asks for a role that has no account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """Everything a journey is given. `browser` is a configured path or empty; `step_limit_s` bounds one wait."""

    school: School
    classroom: Classroom
    accounts: Mapping[str, Account]
    browser: str = ""
    step_limit_s: float = 10.0
    folders: tuple[Path, ...] = ()

    def account(self, role: str) -> Account:
        """The account of a role. Raises NoAccount, saying what to add."""
        try:
            return self.accounts[role]
        except KeyError:
            known = ", ".join(sorted(self.accounts)) or "none"
            raise NoAccount(f"no account for '{role}' (there are: {known}); add [accounts.{role}]") from None
