"""`firstbell rehearse`: many students in one class at once, and a go or no-go with what it rests on."""

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

from firstbell.errors import CONFIG, ERRORED
from firstbell.runner.app.build import config_at, district_of, practice_address
from firstbell.runner.app.local_runner import open_shared_resources
from firstbell.runner.app.open_config import state_folder
from firstbell.runner.cli.console import console, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.play.rehearse_checks import (
    arrivals_of,
    check_is_chromium,
    check_shared_browser,
    criteria_of,
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
from firstbell.runner.execution.supervision.protocol import WorkerSetup
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import AccountLocks
from firstbell.runner.history.slots.claims import AccountAllocation
from firstbell.runner.rehearsal.arrivals import Arrival, begins_at
from firstbell.runner.rehearsal.capacity import capacity_of
from firstbell.runner.rehearsal.document import RecordRow, RehearsalOutcome
from firstbell.runner.rehearsal.processes.parent import measure_in_child
from firstbell.runner.rehearsal.results.store import RehearsalStore
from firstbell.runner.rehearsal.run import RehearsalPlan, conclude, longest_s, rehearse

# The script of a rehearsal brings this class together, with this many teachers.
JOURNEY, TEACHERS = "live-class", 1
CODES = {RehearsalOutcome.GO: 0, RehearsalOutcome.NO_GO: 1, RehearsalOutcome.LIMITED: ERRORED}
# A shell's way to say that a signal ended something: this and its number.
SIGNALLED = 128
STOPPED = "stopped: everybody was sent home, nothing was judged and nothing was kept"
STOPPED_LATE = "stopped: the verdict stands, but not every paper was written"

OUTPUT_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)


def _duration(_context: click.Context, _option: click.Parameter, value: str) -> float:
    try:
        return _SECONDS.validate_python(value)
    except ValidationError:
        raise click.BadParameter(f'write a duration such as "20s" or "5m", not "{value}"') from None


def _must_be_playable(journey: str, teachers: int) -> None:
    """End in one sentence where another journey, or another number of teachers, is asked for than is played."""
    if journey != JOURNEY:
        give_up(f'only "{JOURNEY}" can be rehearsed; play "{journey}" with: firstbell run {journey}', code=CONFIG)
    if teachers != TEACHERS:
        give_up(f"a rehearsal has {TEACHERS} teacher, not {teachers}; leave out --teachers", code=CONFIG)


def _output_file(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
    """Said before the class comes together and not after it: a file is opened as it will be, and left as it was."""
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
@click.option("--students", type=click.IntRange(1, 500), default=8, show_default=True, help="How many come.")
@click.option("--teachers", type=click.IntRange(1), default=TEACHERS, show_default=True, help="A class has one.")
@click.option("--ramp", "ramp_s", default="20s", show_default=True, callback=_duration, help="Time in which they come.")
@click.option("--stay", "stay_s", default="5s", show_default=True, callback=_duration, help="How long all stay.")
@click.option("--repeat", type=click.IntRange(1, 50), default=1, show_default=True, help="How many times.")
@click.option(
    "--at", type=click.DateTime(["%H:%M"]), default=None, help="When the last student comes, in the school's time."
)
@click.option("--measure", "only_measures", is_flag=True, help="Only say how many students this machine can carry.")
@click.option("--anyway", is_flag=True, help="Play more than this machine can carry.")
@click.option(
    "--report", type=OUTPUT_FILE, callback=_output_file, default=None, help="Write a page that opens anywhere."
)
@click.option("--junit", "junit_file", type=OUTPUT_FILE, callback=_output_file, default=None, help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of telling.")
@CONFIG_OPTION
def rehearse_(
    journey: str,
    students: int,
    teachers: int,
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
    """Bring a whole class together: a teacher, and students who come like before a bell.

    Each student has a browser context and a camera of their own, and must see and hear the teacher.

    It plays a script of its own: the journey's way to class, step by step, but for chat and raised hands, and everybody
    in the browser of [browser].

    Exits with 0 for go, 1 for no-go, 2 for no verdict (this machine was the limit or could not play, or figures
    contradict the practice school's), 3 for a configuration that cannot be used.
    """
    _must_be_playable(journey, teachers)
    telling = SilentProgress() if as_json else ConsoleProgress(console())
    asked = RehearseOptions(
        journey=journey, students=students, ramp_s=ramp_s, stay_s=stay_s, rounds=repeat, at=at, anyway=anyway
    )
    with errors_as_sentences(), _stopped(STOPPED, code=ERRORED), stopped_by_signals():
        config = config_at(config_file, Path.cwd())
        wanted = criteria_of(config)
        check_is_chromium(find_browser(config.settings.browser.executable, config.settings.browser.name))
        record = _played(asked, config, telling, only_measures=only_measures)
        if record is None:
            return
        shelf = RehearsalStore(_rehearsal_store(config))
        document = conclude(record, wanted, shelf.latest(journey))
    code = CODES[document.verdict]
    with errors_as_sentences(), _stopped(STOPPED_LATE, code=code), stopped_by_signals():
        # The verdict first: no disk that is full can take it back.
        if as_json:
            click.echo(document.model_dump_json(indent=1))
        telling.verdict(document)
        zone = ZoneInfo(config.settings.school.timezone)
        written, lost = write_outputs(document, wanted, zone, shelf, report=report, junit_file=junit_file)
        telling.papers([*written, *shelf.evidence_folder(document.record)])
        for said in lost:
            click.echo(f"firstbell: {said}", err=True)
    raise SystemExit(code)


@contextmanager
def _stopped(said: str, *, code: int) -> Iterator[None]:
    """Ctrl-C leaves with `code`, where click would leave with that of a no-go; other signals leave with their own."""
    try:
        yield
    except KeyboardInterrupt:
        give_up(said, code=code)
    except SystemExit as left:
        if isinstance(left.code, int) and left.code > SIGNALLED:
            give_up(said, code=left.code)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseOptions:
    """What the command was asked for."""

    journey: str
    students: int
    ramp_s: float
    stay_s: float
    rounds: int
    at: datetime | None
    anyway: bool


def _played(
    asked: RehearseOptions, config: Config, telling: ConsoleProgress | SilentProgress, *, only_measures: bool
) -> RecordRow | None:
    """Measure this machine, and unless that is all, play. Raises WorkerUnwell and Busy."""
    with open_shared_resources(config) as (database, practice):
        district = district_of(config, practice.introduction if practice else None)
        hello = WorkerSetup(
            config=config.file if config.text else None, text=config.text, practice=practice_address(practice)
        )
        log, cores = state_folder(config) / "rehearsal.log", psutil.cpu_count() or 1
        workers = min(cores, asked.students + 1)
        places = () if only_measures else arrivals_of(district, asked.students, ramp_s=asked.ramp_s, workers=workers)
        check_shared_browser(config, district, asked.journey, places)
        found = measure_in_child(hello, log)
        free = max(0.0, cores - found.others_cores)
        can = capacity_of(found.cost, cores=free, memory_free_mib=found.memory_free_mib, ramp_s=asked.ramp_s)
        telling.measured(found, can, cores=cores, ramp_s=asked.ramp_s)
        if only_measures:
            return None
        if can < asked.students and not asked.anyway:
            give_up(too_many_text(asked.students, can), code=ERRORED)
        bill = RehearsalPlan(
            journey=asked.journey,
            seats=places,
            ramp_s=asked.ramp_s,
            rounds=asked.rounds,
            stay_s=asked.stay_s,
            cost=found.cost,
            cores=cores,
            carries=can,
            log=log,
            shelf=_rehearsal_store(config),
            mask=config.settings.privacy.mask,
        )
        # Before anybody is kept from others: until then they are needed elsewhere.
        _wait_for(asked.at, config, asked.ramp_s, telling)
        lease_s = longest_s(bill, district)
        with _locked_accounts(database, district, places, lease_s=lease_s), telling.playing(bill) as onlooker:
            return rehearse(bill, district, hello, practice=practice, onlooker=onlooker)


def _rehearsal_store(config: Config) -> Path:
    return state_folder(config) / "rehearsals"


@contextmanager
def _locked_accounts(
    database: Database, district: District, places: tuple[Arrival, ...], *, lease_s: float
) -> Iterator[None]:
    """Nobody else plays these accounts or walks into the class meanwhile; should this process be lost, no longer than
    `lease_s`. Raises Busy."""
    locks, holder = AccountLocks(database, this_process(), owner_is_gone), f"rehearsal by {this_process()}"
    names = {one.account: one.lock for one in district.company.candidates}
    wanted = [*dict.fromkeys(names[seat.account] for seat in places), district.company.room]
    casting = locks.cast(
        lambda taken: None if taken & set(wanted) else AccountAllocation(locks=wanted), holder=holder, lease_s=lease_s
    )
    if casting is None:
        raise AccountsBusy(
            "accounts of this rehearsal, or its class, are in use by another run; try again when it is done"
        )
    try:
        yield
    finally:
        locks.give_back(holder)


def _wait_for(at: datetime | None, config: Config, ramp_s: float, telling: ConsoleProgress | SilentProgress) -> None:
    """Wait until it is time to begin for the last student to come as the bell rings."""
    if at is None:
        return
    begins = begins_at(at.time(), datetime.now(ZoneInfo(config.settings.school.timezone)), ramp_s)
    telling.waits(begins)
    # Again and again: a machine that sleeps meanwhile loses time of one long wait.
    while (left_s := begins.timestamp() - time.time()) > 0:
        time.sleep(min(left_s, 5.0))
