"""The district of a plain pytest session, and the locks that keep its accounts out of other runs."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.hostile_text import cleaned_by
from firstbell.runner.app.build import config_at, district_at, practice_for, secrets_of
from firstbell.runner.app.history_address import history_url
from firstbell.runner.app.open_config import embedded_district, open_state_folder, state_folder
from firstbell.runner.config.errors import NoConfig
from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import MissingSecret, secret
from firstbell.runner.execution.accounts.allocation import MEETS, AccountRequest
from firstbell.runner.execution.accounts.reservation import POLL_S, reserved_accounts
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.slots.account_locks import SESSION_LEASE_S, AccountLocks

if TYPE_CHECKING:
    from firstbell.journeys.stage.secret import Secret
    from firstbell.runner.execution.supervision.protocol import JourneyInfo

# An xdist worker that uses one account in test after test gives the others time to poll for it.
ACCOUNT_WAIT_S = 1.2 * POLL_S


class LocalLocksOnly(UserWarning):
    """History is unreachable, so account locks hold on this machine only."""


@dataclass(kw_only=True)
class DistrictSession:
    """The district of one session. `locks` is None if no other process can use its accounts: those of its own practice
    school. `given_back_s` is the monotonic second in which this session last released accounts."""

    district: District
    locks: AccountLocks | None
    given_back_s: float = 0.0

    @cached_property
    def cleaner(self) -> TextCleaner:
        """The cleaner of this session's texts, by the secrets of its accounts."""
        return TextCleaner(_revealed(secrets_of(self.district)))

    @contextmanager
    def reserve_accounts(self, info: JourneyInfo) -> Iterator[Mapping[str, str]]:
        """Reserves the account of each role. Raises AccountsBusy and HistoryError."""
        if self.locks is None:
            yield {}
            return
        if "PYTEST_XDIST_WORKER" in os.environ:
            time.sleep(max(0.0, self.given_back_s + ACCOUNT_WAIT_S - time.monotonic()))
        account_request = AccountRequest(roles=info.roles, meets=bool(MEETS & set(info.relies_on)))
        try:
            with reserved_accounts(
                self.district.account_pool, account_request, self.locks, lease_s=SESSION_LEASE_S
            ) as allocation:
                yield allocation.accounts
        finally:
            self.given_back_s = time.monotonic()


def secrets_before_opening(explicit: str | None, start: Path) -> list[str]:
    """Returns the secrets of the nearest firstbell.toml, without opening anything. Raises NoConfig and ConfigError."""
    settings = config_at(explicit, start).settings
    references = [value for one in settings.accounts.values() for value in (one.password, one.totp, one.passkey)]
    references.append(settings.classroom.meeting_code if settings.classroom else None)
    return _revealed(secret(reference) for reference in references if reference)


def _revealed(secrets: Iterable[Secret]) -> list[str]:
    """Returns the values of secrets. One whose reference leads to nothing cannot be known."""
    values = []
    for one in secrets:
        with suppress(MissingSecret):
            values.append(one.reveal())
    return values


@contextmanager
def open_for_pytest(explicit: str | None, start: Path) -> Iterator[DistrictSession]:
    """Opens the nearest firstbell.toml, or the practice school by itself. Raises NoConfig, ConfigError, TrustError,
    HistoryError and PracticeSchoolError."""
    with ExitStack() as stack:
        try:
            config = config_at(explicit, start)
        except NoConfig:
            if explicit is not None:
                raise
            config = embedded_district()
        practice = stack.enter_context(practice_for(config.settings))
        locks = None if practice else stack.enter_context(_locks(config))
        session = DistrictSession(district=district_at("", config, practice), locks=locks)
        stack.enter_context(cleaned_by(session.cleaner))
        yield session


@contextmanager
def _locks(config: Config) -> Iterator[AccountLocks]:
    """Opens the locks in history, or if that is unreachable, in this folder alone."""
    with suppress(OSError):  # The database reports a folder that cannot be written.
        open_state_folder(config)
    try:
        database = Database(history_url(config))
    except (HistoryError, MissingSecret) as error:
        warnings.warn(LocalLocksOnly(f"account locks hold on this machine only: {error}"), stacklevel=2)
        database = Database(f"sqlite:///{state_folder(config) / 'locks.db'}")
    try:
        yield AccountLocks(database, this_process(), owner_is_gone)
    finally:
        database.close()
