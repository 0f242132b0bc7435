"""Everything that playing takes, opened in order and closed whatever happens: school, store, history, a player."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import structlog

from firstbell.artifacts.stores.availability import check_usable
from firstbell.artifacts.uploader import Uploader, UploadReport, UploadState
from firstbell.errors import CONFIG, FirstBellError
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner import log
from firstbell.runner.app.alerting import Alerting, alerting_for
from firstbell.runner.app.build import location_named, practice_for, store_of
from firstbell.runner.app.open_config import history_url, state_folder
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
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.execution.supervision.protocol import BrokenFile, Ready, WorkerSetup
from firstbell.runner.execution.supervision.supervisor import Worker
from firstbell.runner.execution.supervision.termination import adopt_orphans, sweep_leftovers
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import RUN_LEASE_DEADLINES, AccountLocks

logger = structlog.get_logger()

# How long a run by hand waits to hear whether its store can be used at all.
STORE_S = 3.0


class UnknownJourney(FirstBellError):
    """No journey of that name, or a journey relies on something that is not configured."""

    exit_code = CONFIG


@dataclass(slots=True, kw_only=True)
class LocalRunner:
    """Ready to play by hand at one location. `practice` is the practice school where one was started; `hire` starts a
    player for another location, who ends with the theatre."""

    staging: Runtime
    practice: PracticeSchool | None
    player: ManagedWorker
    uploader: Uploader
    switchboard: Alerting
    location: str
    hire: Callable[[str], ManagedWorker]

    def at(self, location: str) -> LocalRunner:
        """The same house, with a player of its own at another location."""
        return replace(self, location=location, player=self.hire(location))

    @property
    def house(self) -> RunContext:
        """Where runs are kept."""
        return self.staging.house

    @property
    def broken(self) -> tuple[BrokenFile, ...]:
        """Journey files that could not be read."""
        return self.player.ready.broken

    @property
    def pieces(self) -> Mapping[str, JourneyEntry]:
        """What can be played."""
        return journey_catalog(self.player.ready.journeys, self.staging.config.settings)

    def chosen(self, names: Sequence[str]) -> list[JourneyEntry]:
        """What to play: the journeys named, or all that are enabled. Raises UnknownJourney or ConfigError."""
        pieces = {name: piece for name, piece in self.pieces.items() if piece.card is not None}
        if unknown := [name for name in names if name not in pieces]:
            known = ", ".join(sorted(pieces)) or "none"
            raise UnknownJourney(f"no journey is called '{unknown[0]}'; there are: {known}")
        wanted = [pieces[name] for name in names] or [piece for piece in pieces.values() if piece.section.enabled]
        if not wanted:
            lacking = {piece.lacks for piece in pieces.values() if piece.lacks}
            shipped = "; the journeys that came with First Bell wait for services of yours" if lacking else ""
            raise UnknownJourney(f"there is nothing to play{shipped}; begin a journey of your own: firstbell new NAME")
        check_services(wanted, self.staging)
        return wanted

    def play(self, piece: JourneyEntry, reporter: Reporter, *, confirm: bool = True) -> RunResult:
        """Play one journey, when its people are free. Raises Busy."""
        locks = AccountLocks(self.staging.database, this_process(), owner_is_gone)
        company, lease_s = self.staging.district.company, RUN_LEASE_DEADLINES * piece.section.deadline
        with reserved_accounts(company, piece.part, locks, lease_s=lease_s) as casting:
            order = self.staging.order(
                piece, self.location, accounts=casting.accounts, confirm=confirm and piece.section.confirm
            )
            performed = run_journey(order, self.player, self.house, reporter)
        reporter.ended(performed)
        return performed


def log_upload(said: UploadReport) -> None:
    """Log what an uploader has to say."""
    tell = {UploadState.BACK: logger.info, UploadState.AWAY: logger.warning}.get(said.state, logger.error)
    tell(said.state.value, said=said.message)


def _remove_stale_work(work: Path) -> None:
    """Remove the raw recordings that processes left which did not live to do so themselves."""
    for folder in work.glob("*"):
        if not (folder.name.isdecimal() and psutil.pid_exists(int(folder.name))):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_shared_resources(config: Config) -> Iterator[tuple[Database, PracticeSchool | None]]:
    """What outlives a configuration: the history, and the practice school where one is asked for. What earlier First
    Bells left behind on this machine is removed first."""
    with ExitStack() as stack:
        state = state_folder(config)
        state.mkdir(exist_ok=True, mode=0o700)
        adopt_orphans()
        sweep_leftovers()
        _remove_stale_work(state / "work")
        database = Database(history_url(config))
        stack.callback(database.close)
        yield database, stack.enter_context(practice_for(config.settings))


def collect_journeys(config: Config) -> Ready:
    """The journeys of a configuration, for looking at: nothing is opened that playing takes. Raises WorkerUnwell."""
    state = state_folder(config)
    state.mkdir(exist_ok=True, mode=0o700)
    hello = WorkerSetup(config=config.file if config.text else None, text=config.text)
    with Worker(hello, log=state / "worker.log") as worker:
        return worker.ready


@contextmanager
def open_local_runner(
    config: Config, *, headed: bool, quiet: bool = False, alarms: bool = False, location: str = ""
) -> Iterator[LocalRunner]:
    """Open what playing by hand takes, at a location or the first one; `quiet` sends the log to a file, `alarms` lets
    runs raise alarms and delivers them. Raises what a person should be told before anything is played."""
    with ExitStack() as stack:
        check_usable(store_of(config), STORE_S)
        find_all(config.settings.browser.executable, browser_kinds_of(config.settings).values(), headed=headed)
        database, practice = stack.enter_context(open_shared_resources(config))
        switchboard = alerting_for(config, database)
        weigh = switchboard.incidents.record_run if alarms else None
        staging = runtime_for(config, database, practice, headed=headed, weigh=weigh)
        stream = stack.enter_context((state_folder(config) / "log.jsonl").open("a")) if quiet else None
        log.set_up(stream, scrub=staging.house.known.scrub)
        stack.callback(log.reset)
        uploader = Uploader(staging.house.spool, staging.house.store, log_upload).start()
        stack.callback(uploader.close)
        staging = replace(staging, house=replace(staging.house, nudge=uploader.nudge))
        place = location_named(location, staging.locations, config).name

        def hire(where: str) -> ManagedWorker:
            player = staging.player(where)
            stack.push(lambda kind, *_: (player.kill if kind else player.close)())
            return player

        opened = LocalRunner(
            staging=staging,
            practice=practice,
            player=hire(place),
            hire=hire,
            uploader=uploader,
            switchboard=switchboard,
            location=place,
        )
        if alarms:
            switchboard.follow(config, {name: piece.relies_on for name, piece in opened.pieces.items()})
            stack.callback(switchboard.delivery().start().close)
        yield opened
