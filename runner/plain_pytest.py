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

from artifacts.redaction.forms import KnownSecrets
from runner.config.load import Config
from runner.config.problem import NoConfig
from runner.config.secrets import SecretMissing
from runner.execution.casting import MEETS, Part
from runner.execution.district import District
from runner.execution.engaging import LOOK_AGAIN_S, engaged
from runner.execution.identity import is_gone, me
from runner.history.database import Database, HistoryError
from runner.history.locks import SESSION_LEASE_S, Locks
from runner.wiring import config_at, district_at, embedded, history_url, practice_for, secrets_of, state_folder

if TYPE_CHECKING:
    from runner.execution.messages import JourneyCard

# A worker of xdist that plays one account in test after test leaves the others time to look whether it is free.
TURN_S = 1.2 * LOOK_AGAIN_S


class OnlyHere(UserWarning):
    """History is away, so that runs elsewhere cannot be kept from playing the same accounts."""


@dataclass(kw_only=True)
class Opened:
    """What one session plays in. `locks` is None where nobody else can play its accounts: those of its own practice
    school. `given_back_s` is the monotonic second in which this session last gave people back."""

    district: District
    locks: Locks | None
    given_back_s: float = 0.0

    @cached_property
    def known(self) -> KnownSecrets:
        """The secrets of this session's people. Those of somebody whose reference leads to nothing cannot be told."""
        values = []
        for secret in secrets_of(self.district):
            with suppress(SecretMissing):
                values.append(secret.reveal())
        return KnownSecrets(values)

    @contextmanager
    def people_for(self, card: JourneyCard) -> Iterator[Mapping[str, str]]:
        """The account of each role, in no other run meanwhile. Raises Busy and HistoryError."""
        if self.locks is None:
            yield {}
            return
        if "PYTEST_XDIST_WORKER" in os.environ:
            time.sleep(max(0.0, self.given_back_s + TURN_S - time.monotonic()))
        part = Part(roles=card.roles, meets=bool(MEETS & set(card.relies_on)))
        try:
            with engaged(self.district.company, part, self.locks, lease_s=SESSION_LEASE_S) as casting:
                yield casting.accounts
        finally:
            self.given_back_s = time.monotonic()


@contextmanager
def open_for_pytest(explicit: str | None, start: Path) -> Iterator[Opened]:
    """The nearest firstbell.toml, or the practice school by itself. Raises NoConfig, ConfigError, NoTrust, HistoryError
    and PracticeSchoolError."""
    with ExitStack() as stack:
        try:
            config = config_at(explicit, start)
        except NoConfig:
            if explicit is not None:
                raise
            config = embedded()
        practice = stack.enter_context(practice_for(config.settings))
        locks = None if practice else stack.enter_context(_locks(config))
        yield Opened(district=district_at("", config, practice), locks=locks)


@contextmanager
def _locks(config: Config) -> Iterator[Locks]:
    """The locks of history, or, where that cannot be had, of this folder alone."""
    with suppress(OSError):  # Who cannot write here is told so by the database.
        state_folder(config).mkdir(exist_ok=True, mode=0o700)
    try:
        database = Database(history_url(config))
    except (HistoryError, SecretMissing) as error:
        warnings.warn(OnlyHere(f"accounts are kept from other runs on this machine only: {error}"), stacklevel=2)
        database = Database(f"sqlite:///{state_folder(config) / 'locks.db'}")
    try:
        yield Locks(database, me(), is_gone)
    finally:
        database.close()
