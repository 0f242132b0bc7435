"""Opens everything for runs by hand in order, and closes it in any case: school, store, history, a worker."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from firstbell.artifacts.redaction.quarantine import bound_quarantine
from firstbell.artifacts.stores.availability import check_usable
from firstbell.artifacts.uploader import Uploader, UploadReport, UploadState
from firstbell.errors import CONFIG, FirstBellError
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.private_files import private_log
from firstbell.runner import log
from firstbell.runner.app.alerting import Alerting, alerting_for
from firstbell.runner.app.build import practice_for
from firstbell.runner.app.build_locations import location_named
from firstbell.runner.app.build_storage import store_of
from firstbell.runner.app.history_address import history_url
from firstbell.runner.app.open_config import open_state_folder, state_folder
from firstbell.runner.app.runtime import Runtime, check_services, runtime_for
from firstbell.runner.config.browser_checks import browser_kinds_of
from firstbell.runner.config.load import Config
from firstbell.runner.execution.accounts.reservation import reserved_accounts
from firstbell.runner.execution.browsers.discovery import find_all
from firstbell.runner.execution.journey_catalog import JourneyEntry, journey_catalog
from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.runs.run_journey import RunContext, run_journey
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.owned_folder import OwnedFolder, has_living_owner
from firstbell.runner.execution.supervision.process_identity import (
    folder_name,
    folder_owner_is_gone,
    owner_is_gone,
    this_process,
)
from firstbell.runner.execution.supervision.protocol import BrokenFile, Ready, WorkerSetup
from firstbell.runner.execution.supervision.supervisor import Worker
from firstbell.runner.execution.supervision.termination import adopt_orphans, sweep_leftovers
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import RUN_LEASE_DEADLINES, AccountLocks

logger = structlog.get_logger()

# How long a run by hand waits for an answer of its store.
STORE_S = 3.0
# Longer than any run: each run makes a folder in that of its process.
UNTOUCHED_S = 86400.0


class UnknownJourney(FirstBellError):
    """No journey has that name, or none is enabled."""

    exit_code = CONFIG


@dataclass(slots=True, kw_only=True)
class LocalRunner:
    """Runs journeys by hand at one location. `practice` is the practice school if one was started; `start_worker`
    starts a worker for another location, closed with this runner."""

    runtime: Runtime
    practice: PracticeSchool | None
    worker: ManagedWorker
    uploader: Uploader
    alerting: Alerting
    location: str
    start_worker: Callable[[str], ManagedWorker]

    def at(self, location: str) -> LocalRunner:
        """Returns a runner at another location, with a worker of its own."""
        return replace(self, location=location, worker=self.start_worker(location))

    @property
    def run_context(self) -> RunContext:
        """The store, spool and history of runs."""
        return self.runtime.run_context

    @property
    def broken(self) -> tuple[BrokenFile, ...]:
        """Journey files that could not be read."""
        return self.worker.ready.broken

    @property
    def entries(self) -> Mapping[str, JourneyEntry]:
        """The catalogue of journeys."""
        return journey_catalog(self.worker.ready.journeys, self.runtime.config.settings)

    def chosen(self, names: Sequence[str]) -> list[JourneyEntry]:
        """Returns the named journeys, or all that are enabled. Raises UnknownJourney or ConfigError."""
        entries = {name: entry for name, entry in self.entries.items() if entry.journey_info is not None}
        if unknown := [name for name in names if name not in entries]:
            known = ", ".join(sorted(entries)) or "none"
            raise UnknownJourney(f"no journey is called '{unknown[0]}'; there are: {known}")
        chosen = [entries[name] for name in names] or [entry for entry in entries.values() if entry.section.enabled]
        if not chosen:
            lacking = {entry.lacks for entry in entries.values() if entry.lacks}
            shipped = ", because the shipped journeys need services that are not configured" if lacking else ""
            raise UnknownJourney(f"no journey is enabled{shipped}; write one of your own: firstbell new NAME")
        check_services(chosen, self.runtime)
        return chosen

    def play(self, entry: JourneyEntry, reporter: Reporter, *, confirm: bool = True) -> RunResult:
        """Plays one journey when its accounts are free. Raises AccountsBusy."""
        locks = AccountLocks(self.runtime.database, this_process(), owner_is_gone)
        account_pool, lease_s = self.runtime.district.account_pool, RUN_LEASE_DEADLINES * entry.section.deadline
        with reserved_accounts(account_pool, entry.account_request, locks, lease_s=lease_s) as allocation:
            order = self.runtime.order(
                entry, self.location, accounts=allocation.accounts, confirm=confirm and entry.section.confirm
            )
            result = run_journey(order, self.worker, self.run_context, reporter)
        reporter.ended(result)
        return result


def log_upload(said: UploadReport) -> None:
    """Logs the report of an uploader."""
    log_event = {UploadState.BACK: logger.info, UploadState.AWAY: logger.warning}.get(said.state, logger.error)
    log_event(said.state.value, said=said.message)


def _remove_stale_work(work: Path) -> None:
    """Removes the raw recordings of processes that have crashed. Of a process that cannot be told, without locks or of
    an earlier version, they are removed once it has begun no run for a day."""
    for folder in work.glob("*"):
        with suppress(OSError):
            is_in_use = has_living_owner(folder)
            is_old = time.time() - folder.stat().st_mtime > UNTOUCHED_S
            is_gone = is_old or folder_owner_is_gone(folder.name) if is_in_use is None else not is_in_use
            if is_gone and folder.name != folder_name():
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_shared_resources(config: Config) -> Iterator[tuple[Database, PracticeSchool | None]]:
    """Opens what outlives a configuration: the history, and the practice school if one is asked for. Removes the
    leftovers of crashed First Bell processes on this machine first."""
    with ExitStack() as stack:
        state = open_state_folder(config)
        adopt_orphans()
        sweep_leftovers()
        _remove_stale_work(state / "work")
        bound_quarantine(state / "quarantine")
        stack.callback(OwnedFolder(state / "work" / folder_name()).release)
        database = Database(history_url(config))
        stack.callback(database.close)
        yield database, stack.enter_context(practice_for(config.settings))


def collect_journeys(config: Config) -> Ready:
    """Returns the journeys of a configuration; opens nothing that only playing needs. Raises WorkerFailure."""
    state = open_state_folder(config)
    setup = WorkerSetup(config=config.file if config.text else None, text=config.text)
    with Worker(setup, log=state / "worker.log") as worker:
        return worker.ready


@contextmanager
def open_local_runner(
    config: Config, *, headed: bool, quiet: bool = False, alarms: bool = False, location: str = ""
) -> Iterator[LocalRunner]:
    """Opens a runner at a location or the first one; `quiet` sends the log to a file, `alarms` lets runs raise alarms
    and delivers them. Raises every foreseen error before anything is played."""
    with ExitStack() as stack:
        check_usable(store_of(config), STORE_S)
        find_all(config.settings.browser.executable, browser_kinds_of(config.settings).values(), headed=headed)
        database, practice = stack.enter_context(open_shared_resources(config))
        alerting = alerting_for(config, database)
        observe = alerting.incidents.record_run if alarms else None
        runtime = runtime_for(config, database, practice, headed=headed, observe=observe)
        log_file = private_log(state_folder(config) / "log.jsonl") if quiet else None
        stream = stack.enter_context(io.TextIOWrapper(log_file, encoding="utf-8")) if log_file else None
        log.set_up(stream, scrub=runtime.run_context.known.scrub)
        stack.callback(log.reset)
        uploader = Uploader(runtime.run_context.spool, runtime.run_context.store, log_upload).start()
        stack.callback(uploader.close)
        runtime = replace(runtime, run_context=replace(runtime.run_context, nudge=uploader.nudge))
        location_name = location_named(location, runtime.locations, config).name

        def start_worker(location: str) -> ManagedWorker:
            worker = runtime.start_worker(location)
            stack.push(lambda kind, *_: (worker.kill if kind else worker.close)())
            return worker

        opened = LocalRunner(
            runtime=runtime,
            practice=practice,
            worker=start_worker(location_name),
            start_worker=start_worker,
            uploader=uploader,
            alerting=alerting,
            location=location_name,
        )
        if alarms:
            alerting.follow(config, {name: entry.relies_on for name, entry in opened.entries.items()})
            stack.callback(alerting.delivery().start().close)
        yield opened
