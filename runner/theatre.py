"""Everything that playing takes, opened in order and closed whatever happens: school, store, history, a player."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import structlog

from artifacts.stores.asking import must_be_usable
from artifacts.uploader import Said, Uploader, Word
from firstbell.errors import CONFIG, FirstBellError
from journeys.practice.school import PracticeSchool
from runner import log
from runner.config.engines import kinds_of
from runner.config.load import Config
from runner.execution.browser import find_all
from runner.execution.engaging import engaged
from runner.execution.identity import is_gone, me
from runner.execution.ladder import adopt_orphans, sweep
from runner.execution.messages import BrokenFile, Hello, Ready
from runner.execution.performance import House, perform
from runner.execution.performed import Performed
from runner.execution.player import Player
from runner.execution.repertoire import Piece, repertoire
from runner.execution.reporter import Reporter
from runner.execution.supervisor import Worker
from runner.history.database import Database
from runner.history.locks import RUN_LEASE_DEADLINES, Locks
from runner.staging import Staging, check_services, stage_for
from runner.switchboard import Switchboard, switchboard_for
from runner.wiring import (
    history_url,
    location_named,
    practice_for,
    state_folder,
    store_of,
)

logger = structlog.get_logger()

# How long a run by hand waits to hear whether its store can be used at all.
STORE_S = 3.0


class UnknownJourney(FirstBellError):
    """No journey of that name, or a journey relies on something that is not configured."""

    exit_code = CONFIG


@dataclass(slots=True, kw_only=True)
class Theatre:
    """Ready to play by hand at one location. `practice` is the practice school where one was started; `hire` starts a
    player for another location, who ends with the theatre."""

    staging: Staging
    practice: PracticeSchool | None
    player: Player
    uploader: Uploader
    switchboard: Switchboard
    location: str
    hire: Callable[[str], Player]

    def at(self, location: str) -> Theatre:
        """The same house, with a player of its own at another location."""
        return replace(self, location=location, player=self.hire(location))

    @property
    def house(self) -> House:
        """Where runs are kept."""
        return self.staging.house

    @property
    def broken(self) -> tuple[BrokenFile, ...]:
        """Journey files that could not be read."""
        return self.player.ready.broken

    @property
    def pieces(self) -> Mapping[str, Piece]:
        """What can be played."""
        return repertoire(self.player.ready.journeys, self.staging.config.settings)

    def chosen(self, names: Sequence[str]) -> list[Piece]:
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

    def play(self, piece: Piece, reporter: Reporter, *, confirm: bool = True) -> Performed:
        """Play one journey, when its people are free. Raises Busy."""
        locks = Locks(self.staging.database, me(), is_gone)
        company, lease_s = self.staging.district.company, RUN_LEASE_DEADLINES * piece.section.deadline
        with engaged(company, piece.part, locks, lease_s=lease_s) as casting:
            order = self.staging.order(
                piece, self.location, accounts=casting.accounts, confirm=confirm and piece.section.confirm
            )
            performed = perform(order, self.player, self.house, reporter)
        reporter.ended(performed)
        return performed


def hear(said: Said) -> None:
    """Log what an uploader has to say."""
    tell = {Word.BACK: logger.info, Word.AWAY: logger.warning}.get(said.word, logger.error)
    tell(said.word.value, said=said.said)


def _clear_away(work: Path) -> None:
    """Remove the raw recordings that processes left which did not live to do so themselves."""
    for folder in work.glob("*"):
        if not (folder.name.isdecimal() and psutil.pid_exists(int(folder.name))):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def house_for(config: Config) -> Iterator[tuple[Database, PracticeSchool | None]]:
    """What outlives a configuration: the history, and the practice school where one is asked for. What earlier First
    Bells left behind on this machine is removed first."""
    with ExitStack() as stack:
        state = state_folder(config)
        state.mkdir(exist_ok=True, mode=0o700)
        adopt_orphans()
        sweep()
        _clear_away(state / "work")
        database = Database(history_url(config))
        stack.callback(database.close)
        yield database, stack.enter_context(practice_for(config.settings))


def collected(config: Config) -> Ready:
    """The journeys of a configuration, for looking at: nothing is opened that playing takes. Raises WorkerUnwell."""
    state = state_folder(config)
    state.mkdir(exist_ok=True, mode=0o700)
    hello = Hello(config=config.file if config.text else None, text=config.text)
    with Worker(hello, log=state / "worker.log") as worker:
        return worker.ready


@contextmanager
def theatre(
    config: Config, *, headed: bool, quiet: bool = False, alarms: bool = False, location: str = ""
) -> Iterator[Theatre]:
    """Open what playing by hand takes, at a location or the first one; `quiet` sends the log to a file, `alarms` lets
    runs raise alarms and delivers them. Raises what a person should be told before anything is played."""
    with ExitStack() as stack:
        must_be_usable(store_of(config), STORE_S)
        find_all(config.settings.browser.executable, kinds_of(config.settings).values(), headed=headed)
        database, practice = stack.enter_context(house_for(config))
        switchboard = switchboard_for(config, database)
        weigh = switchboard.incidents.weigh_run if alarms else None
        staging = stage_for(config, database, practice, headed=headed, weigh=weigh)
        stream = stack.enter_context((state_folder(config) / "log.jsonl").open("a")) if quiet else None
        log.set_up(stream, scrub=staging.house.known.scrub)
        stack.callback(log.put_away)
        uploader = Uploader(staging.house.spool, staging.house.store, hear).start()
        stack.callback(uploader.close)
        staging = replace(staging, house=replace(staging.house, nudge=uploader.nudge))
        place = location_named(location, staging.locations, config).name

        def hire(where: str) -> Player:
            player = staging.player(where)
            stack.push(lambda kind, *_: (player.kill if kind else player.close)())
            return player

        opened = Theatre(
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
