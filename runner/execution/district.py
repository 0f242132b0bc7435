"""The district that journeys are played in: its school, its class, its synthetic people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firstbell.errors import CONFIG, FirstBellError
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.service import Account, Classroom
from firstbell.runner.diagnosis.location import Location
from firstbell.runner.execution.accounts.allocation import AccountPool


class NoAccount(JourneyError, FirstBellError):
    """A journey asks for a role that has no account."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """The school, classroom, accounts and browser of a journey. Accounts go by name; `account_pool` says which roles
    they can play.

    `browser` is a configured path or empty, `browser_name` the browser to play in; `step_limit_s` bounds one wait;
    `guests` may be in a class besides synthetic people. `location` is the egress of the district's actors; `home` the
    HOME in which the browser finds additional trusted authorities.
    """

    school: School
    classroom: Classroom
    accounts: Mapping[str, Account]
    account_pool: AccountPool
    browser_name: str
    step_limit_s: float
    browser: str = ""
    folders: tuple[Path, ...] = ()
    guests: tuple[str, ...] = ()
    location: Location = field(default_factory=Location)
    home: Path | None = None

    def account(self, name: str) -> Account:
        """Returns the account of a name, or else the first account of that role. Raises NoAccount, which says what to
        add."""
        of_role = (candidate.account for candidate in self.account_pool.candidates if candidate.role == name)
        found = self.accounts.get(name) or self.accounts.get(next(of_role, ""))
        if found is None:
            known = ", ".join(sorted(self.accounts)) or "none"
            raise NoAccount(f"no account for '{name}' (there are: {known}); add [accounts.{name}]")
        return found
