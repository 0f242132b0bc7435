"""`firstbell rehearse`: many students in one class at once, and a go or no-go with its figures."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import psutil
from pydantic import TypeAdapter, ValidationError

from firstbell.errors import ERRORED
from firstbell.runner.app.build import config_at, district_of, practice_address
from firstbell.runner.app.local_runner import collect_journeys, open_shared_resources
from firstbell.runner.app.open_config import state_folder
from firstbell.runner.cli.console import console, echo, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION
from firstbell.runner.cli.play.rehearse_checks import (
    arrivals_of,
    cast_of,
    check_is_chromium,
    check_shared_browser,
    criteria_of,
    journey_of,
    titles_of,
    too_many_text,
)
from firstbell.runner.cli.play.rehearse_outputs import write_outputs
from firstbell.runner.cli.play.rehearse_progress import ConsoleProgress, SilentProgress
from firstbell.runner.cli.signals import stopped_by_signals
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.load import Config
from firstbell.runner.execution.accounts.reservation import AccountsBusy
from firstbell.runner.execution.browsers.discovery import find_browser
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.execution.supervision.protocol import JourneyInfo, WorkerSetup
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.account_locks import AccountLocks
from firstbell.runner.rehearsal.arrivals import Arrival, begins_at
from firstbell.runner.rehearsal.capacity import capacity_of
from firstbell.runner.rehearsal.document import RecordRow, RehearsalOutcome
from firstbell.runner.rehearsal.processes.parent import measure_in_child
from firstbell.runner.rehearsal.results.store import RehearsalStore
from firstbell.runner.rehearsal.run import RehearsalPlan, conclude, longest_s, rehearse

CODES = {RehearsalOutcome.GO: 0, RehearsalOutcome.NO_GO: 1, RehearsalOutcome.LIMITED: ERRORED}
# Shells report a process that a signal ended by this number plus that of the signal.
SIGNALLED = 128
STOPPED = "stopped: all participants left, and no result was kept"
STOPPED_LATE = "stopped: the result is final, but not every file was written"

OUTPUT_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)


def _duration(_context: click.Context, _option: click.Parameter, value: str) -> float:
    try:
        return _SECONDS.validate_python(value)
    except ValidationError:
        raise click.BadParameter(f'write a duration such as "20s" or "5m", not "{value}"') from None


def _output_file(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
    """Checks before the class, not after it, that a file can be written; leaves the file as it was."""
    if value is None:
        return None
    if not value.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.absolute().parent}")
    try:
        was_there = os.path.lexists(value)
        value.open("ab").close()
        if not was_there:
            value.unlink()
    except OSError as error:
        raise click.BadParameter(f"{value} cannot be written: {error.strerror}") from None
    return value


@click.command("rehearse")
@click.argument("journey")
@click.option("--students", type=click.IntRange(1, 500), default=8, show_default=True, help="The number of students.")
@click.option(
    "--ramp", "ramp_s", default="20s", show_default=True, callback=_duration, help="Time in which they arrive."
)
@click.option("--stay", "stay_s", default="5s", show_default=True, callback=_duration, help="Time all stay.")
@click.option("--repeat", type=click.IntRange(1, 50), default=1, show_default=True, help="The number of rounds.")
@click.option(
    "--at", type=click.DateTime(["%H:%M"]), default=None, help="Arrival of the last student, in the school's time."
)
@click.option("--measure", "only_measures", is_flag=True, help="Only print how many students this machine can carry.")
@click.option("--anyway", is_flag=True, help="Run even with more students than this machine can carry.")
@click.option(
    "--report", type=OUTPUT_FILE, callback=_output_file, default=None, help="Write the result as one HTML file."
)
@click.option("--junit", "junit_file", type=OUTPUT_FILE, callback=_output_file, default=None, help="Write JUnit XML.")
@JSON_OPTION
@CONFIG_OPTION
def rehearse_(
    journey: str,
    students: int,
    ramp_s: float,
    stay_s: float,
    repeat: int,
    at: datetime | None,
    only_measures: bool,
    anyway: bool,
    report: Path | None,
    junit_file: Path | None,
    as_json: bool,
    config_file: Path | None,
) -> None:
    """Bring a whole class online at once, and measure it.

    Each student plays the journey in a browser context with a camera of their own, and arrives as before a bell. One
    teacher plays the teacher's part for all; a journey of students alone needs none. All use the browser of [browser].

    Exits with 0 for go, 1 for no-go, 2 for no result (this machine was the limit or failed, or figures contradict those
    of the practice school), 3 for a configuration that cannot be used.
    """
    progress = SilentProgress() if as_json else ConsoleProgress(console())
    options = RehearseOptions(
        journey=journey, students=students, ramp_s=ramp_s, stay_s=stay_s, rounds=repeat, at=at, anyway=anyway
    )
    with errors_as_sentences(), _stopped(STOPPED, code=ERRORED), stopped_by_signals():
        config = config_at(config_file, Path.cwd())
        check_is_chromium(find_browser(config.settings.browser.executable, config.settings.browser.name))
        info = journey_of(journey, collect_journeys(config), config)
        criteria = criteria_of(config, titles_of(info, district_of(config, None).folders))
        record = _played(options, info, config, progress, only_measures=only_measures)
        if record is None:
            return
        store = RehearsalStore(_rehearsal_store(config))
        document = conclude(record, criteria, store.latest(journey))
    code = CODES[document.verdict]
    with errors_as_sentences(), _stopped(STOPPED_LATE, code=code), stopped_by_signals():
        # The result is printed first: a full disk cannot change it.
        if as_json:
            echo(document.model_dump_json(indent=1))
        progress.result(document)
        zone = ZoneInfo(config.settings.school.timezone)
        written, lost = write_outputs(document, criteria, zone, store, report=report, junit_file=junit_file)
        progress.outputs([*written, *store.evidence_folder(document.record)])
        for message in lost:
            echo(f"firstbell: {message}", stderr=True)
    raise SystemExit(code)


@contextmanager
def _stopped(message: str, *, code: int) -> Iterator[None]:
    """Ends the command on Ctrl-C with `code`, where click would use that of a no-go; other signals keep their own."""
    try:
        yield
    except KeyboardInterrupt:
        give_up(message, code=code)
    except SystemExit as exit_:
        if isinstance(exit_.code, int) and exit_.code > SIGNALLED:
            give_up(message, code=exit_.code)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseOptions:
    """The options of the command."""

    journey: str
    students: int
    ramp_s: float
    stay_s: float
    rounds: int
    at: datetime | None
    anyway: bool


def _played(
    options: RehearseOptions,
    journey: JourneyInfo,
    config: Config,
    progress: ConsoleProgress | SilentProgress,
    *,
    only_measures: bool,
) -> RecordRow | None:
    """Measures this machine and, unless that is all, runs the rehearsal. Raises WorkerUnwell and AccountsBusy."""
    with open_shared_resources(config) as (database, practice):
        district = district_of(config, practice.introduction if practice else None)
        hello = WorkerSetup(
            config=config.file if config.text else None, text=config.text, practice=practice_address(practice)
        )
        log, cores = state_folder(config) / "rehearsal.log", psutil.cpu_count() or 1
        cast = cast_of(journey)
        workers = min(cores, options.students + len(cast.hosts))
        participants = (
            ()
            if only_measures
            else arrivals_of(district, cast, options.students, ramp_s=options.ramp_s, workers=workers)
        )
        check_shared_browser(config, district, options.journey, participants)
        found = measure_in_child(hello, log)
        free = max(0.0, cores - found.others_cores)
        can = capacity_of(found.cost, cores=free, memory_free_mib=found.memory_free_mib, ramp_s=options.ramp_s)
        progress.measured(found, can, cores=cores, ramp_s=options.ramp_s)
        if only_measures:
            return None
        if can < options.students and not options.anyway:
            give_up(too_many_text(options.students, can), code=ERRORED)
        plan = RehearsalPlan(
            journey=journey.id,
            arrivals=participants,
            ramp_s=options.ramp_s,
            rounds=options.rounds,
            stay_s=options.stay_s,
            cost=found.cost,
            cores=cores,
            carries=can,
            log=log,
            folder=_rehearsal_store(config),
            mask=config.settings.privacy.mask,
        )
        # Accounts are locked only after the wait: other runs need them until then.
        _wait_for(options.at, config, options.ramp_s, progress)
        lease_s = longest_s(plan, district)
        with _locked_accounts(database, district, participants, lease_s=lease_s), progress.playing(plan) as listener:
            return rehearse(plan, district, hello, practice=practice, listener=listener)


def _rehearsal_store(config: Config) -> Path:
    return state_folder(config) / "rehearsals"


@contextmanager
def _locked_accounts(
    database: Database, district: District, participants: tuple[Arrival, ...], *, lease_s: float
) -> Iterator[None]:
    """Locks the accounts and the class against other runs; after a crash the locks end with `lease_s`.

    Raises AccountsBusy.
    """
    locks, holder = AccountLocks(database, this_process(), owner_is_gone), f"rehearsal by {this_process()}"
    names = {candidate.account: candidate.lock for candidate in district.account_pool.candidates}
    keys = [*dict.fromkeys(names[arrival.account] for arrival in participants), district.account_pool.room]
    allocation = locks.allocate(
        lambda taken: None if taken & set(keys) else AccountAllocation(locks=keys), holder=holder, lease_s=lease_s
    )
    if allocation is None:
        raise AccountsBusy(
            "another run is using the accounts of this rehearsal, or its class; try again when it has ended"
        )
    try:
        yield
    finally:
        locks.release(holder)


def _wait_for(at: datetime | None, config: Config, ramp_s: float, progress: ConsoleProgress | SilentProgress) -> None:
    """Waits for the moment at which the last student arrives with the bell."""
    if at is None:
        return
    begins = begins_at(at.time(), datetime.now(ZoneInfo(config.settings.school.timezone)), ramp_s)
    progress.waits(begins)
    # Many short waits: a machine that is suspended would lengthen one long wait.
    while (left_s := begins.timestamp() - time.time()) > 0:
        time.sleep(min(left_s, 5.0))
