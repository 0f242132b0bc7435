"""What plain pytest opens: the district, and the locks that keep its accounts out of other runs."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.runner.app.build import config_at, district_at, practice_for, secrets_of
from firstbell.runner.app.open_config import embedded_district, history_url, state_folder
from firstbell.runner.config.errors import NoConfig
from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import MissingSecret
from firstbell.runner.execution.accounts.allocation import MEETS, AccountRequest
from firstbell.runner.execution.accounts.reservation import LOOK_AGAIN_S, reserved_accounts
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.slots.account_locks import SESSION_LEASE_S, AccountLocks

if TYPE_CHECKING:
    from firstbell.runner.execution.supervision.protocol import JourneyInfo

# A worker of xdist that plays one account in test after test leaves the others time to look whether it is free.
ACCOUNT_WAIT_S = 1.2 * LOOK_AGAIN_S


class LocalLocksOnly(UserWarning):
    """History is away, so that runs elsewhere cannot be kept from playing the same accounts."""


@dataclass(kw_only=True)
class DistrictSession:
    """What one session plays in. `locks` is None where nobody else can play its accounts: those of its own practice
    school. `given_back_s` is the monotonic second in which this session last gave people back."""

    district: District
    locks: AccountLocks | None
    given_back_s: float = 0.0

    @cached_property
    def known(self) -> KnownSecrets:
        """The secrets of this session's people. Those of somebody whose reference leads to nothing cannot be told."""
        values = []
        for secret in secrets_of(self.district):
            with suppress(MissingSecret):
                values.append(secret.reveal())
        return KnownSecrets(values)

    @contextmanager
    def reserve_accounts(self, card: JourneyInfo) -> Iterator[Mapping[str, str]]:
        """The account of each role, in no other run meanwhile. Raises Busy and HistoryError."""
        if self.locks is None:
            yield {}
            return
        if "PYTEST_XDIST_WORKER" in os.environ:
            time.sleep(max(0.0, self.given_back_s + ACCOUNT_WAIT_S - time.monotonic()))
        part = AccountRequest(roles=card.roles, meets=bool(MEETS & set(card.relies_on)))
        try:
            with reserved_accounts(self.district.company, part, self.locks, lease_s=SESSION_LEASE_S) as casting:
                yield casting.accounts
        finally:
            self.given_back_s = time.monotonic()


@contextmanager
def open_for_pytest(explicit: str | None, start: Path) -> Iterator[DistrictSession]:
    """The nearest firstbell.toml, or the practice school by itself. Raises NoConfig, ConfigError, NoTrust, HistoryError
    and PracticeSchoolError."""
    with ExitStack() as stack:
        try:
            config = config_at(explicit, start)
        except NoConfig:
            if explicit is not None:
                raise
            config = embedded_district()
        practice = stack.enter_context(practice_for(config.settings))
        locks = None if practice else stack.enter_context(_locks(config))
        yield DistrictSession(district=district_at("", config, practice), locks=locks)


@contextmanager
def _locks(config: Config) -> Iterator[AccountLocks]:
    """The locks of history, or, where that cannot be had, of this folder alone."""
    with suppress(OSError):  # Who cannot write here is told so by the database.
        state_folder(config).mkdir(exist_ok=True, mode=0o700)
    try:
        database = Database(history_url(config))
    except (HistoryError, MissingSecret) as error:
        warnings.warn(LocalLocksOnly(f"accounts are kept from other runs on this machine only: {error}"), stacklevel=2)
        database = Database(f"sqlite:///{state_folder(config) / 'locks.db'}")
    try:
        yield AccountLocks(database, this_process(), owner_is_gone)
    finally:
        database.close()
