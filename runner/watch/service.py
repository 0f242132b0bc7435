"""The service that a district leaves running for a year: opens the house, sets clock and crew going, and supervises
them. A clock that dies is made anew, a crew member that dies is replaced, a database that is away is waited for."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from artifacts.retention import sweep
from artifacts.stores.folder import FolderStore
from artifacts.uploader import Uploader
from firstbell.errors import FirstBellError
from journeys.practice.school import PracticeSchool
from runner import log as logging
from runner.config.load import Config
from runner.config.model import Settings, WatchSection
from runner.config.people import secrets_of_alarms
from runner.execution.identity import is_gone, me
from runner.execution.ladder import reap_orphans
from runner.execution.player import Player
from runner.execution.reporter import Reporter
from runner.history.database import Database
from runner.history.runs import RunHistory
from runner.history.slots import Terms
from runner.history.thinning import Thinning
from runner.staging import Staging, stage_for
from runner.switchboard import Switchboard, channels_of, heartbeat_of, switchboard_for
from runner.theatre import hear, house_for
from runner.watch.announced import Announced
from runner.watch.clock import SILENT_S, Bell, Clock
from runner.watch.crew import Asked
from runner.watch.notice import notify, reloading, watchdog_s
from runner.watch.patience import PatientRecords
from runner.watch.planner import Unwatched
from runner.watch.post import Post
from runner.watch.programme import Programme, programme_of
from runner.watch.reload import ConfigFile, needs_restart
from runner.watch.signals import STOP, Signals
from runner.watch.vigil import DeadMansSwitch, Vigil
from runner.wiring import config_at, retention_of, spool_of, store_of

log = structlog.get_logger()

PLAN_S, LEASES_S, CALENDARS_S, TIDY_S, SWEEP_S, VIGIL_S = 10.0, 15.0, 3600.0, 3600.0, 24 * 3600.0, 5.0
TURN_S = 1.0
# What waits on the spool is durable: a stop gives the store a moment for it, and no more.
FINISH_S = 5.0


class Observer(Protocol):
    """Somebody who watches the service: a person at a terminal, or nobody."""

    def opened(self, programme: Programme, workers: int) -> None:
        """The service has begun, or goes on with a new configuration."""

    def reporter(self) -> Reporter:
        """Who is told of one run."""

    def unwatched(self, gap: Unwatched) -> None:
        """Slots were missed because nobody was watching."""

    def refused(self, said: str) -> None:
        """A new configuration cannot be used; the old one stays."""

    def closing(self) -> None:
        """The service was told to stop."""


def workers_of(given: WatchSection) -> int:
    """How many runs at once: as configured, or one for each two processors, which is what two people in a live class
    take (Elastic and BrowserStack budget two a browser)."""
    return given.workers or max(1, (os.cpu_count() or 1) // 2)


class Service:
    """The running service. Made by `watch`."""

    def __init__(self, programme: Programme, house: House, observer: Observer) -> None:
        staging, given = programme.staging, programme.staging.config.settings.watch
        self.programme = programme
        self._house = house
        self._observer = observer
        self._announced = Announced(staging.config)
        self._vigil = Vigil(house.switchboard.incidents, house.database, *staging.locations)
        self._follow()
        terms = Terms(owner=me(), is_gone=is_gone, grace_s=given.grace, late_after_s=given.late_after)
        asked = Asked(programme=lambda: self.programme, reporter=observer.reporter, announced=self._announced.windows)
        self.posts = [Post(location, house.database, terms, asked) for location in staging.locations]

    def run(self, signals: Signals) -> None:
        """Watch until told to stop, then stop: in order, or at once when told twice."""
        clock = Clock(self._bells())
        clock.start()
        file, beat_s = ConfigFile(self.programme.staging.config.file), watchdog_s()
        notify(READY=1, STATUS=f"watching {len(self.programme.timetable.rhythms)} journeys")
        turn_s = min(TURN_S, beat_s or TURN_S)
        heard: frozenset[int] = frozenset()
        while not heard & STOP:
            clock.mend()
            for post in self.posts:
                post.crew.replace_the_dead()
            if heard or file.has_changed():
                self._reload()
            if beat_s is not None and clock.silent_s < SILENT_S:
                notify(WATCHDOG=1)
            heard = signals.wait(turn_s)
        self._stop(clock, signals)

    def _follow(self) -> None:
        """Let alarms go by the programme: what it watches, and whom it tells."""
        config = self.programme.staging.config
        relies_on = {name: piece.relies_on for name, piece in self.programme.pieces.items() if piece.section.enabled}
        self._house.switchboard.follow(config, relies_on, self._announced.windows)
        self._vigil.follow(config.settings.alarms.silent_after, channels_of(config))

    def _bells(self) -> list[Bell]:
        given = self.programme.staging.config.settings
        thinning = Thinning(self._house.database, self.programme.staging.zone, self._keep_days)
        return [
            Bell(name="plan", every_s=PLAN_S, ring=self._plan),
            Bell(name="leases", every_s=LEASES_S, ring=self._leases),
            Bell(name="calendars", every_s=CALENDARS_S, ring=self._announced.refresh),
            Bell(name="tidy", every_s=TIDY_S, ring=thinning.thin),
            Bell(name="sweep", every_s=SWEEP_S, ring=self._sweep),
            Bell(name="vigil", every_s=VIGIL_S, ring=self._vigil.ring),
            *(
                Bell(name=f"rounds {post.location}", every_s=given.diagnosis.checks_every, ring=post.go_round)
                for post in self.posts
            ),
            *self._switch(given),
        ]

    def _switch(self, given: Settings) -> list[Bell]:
        """The dead man's switch, where there is one."""
        heartbeat = heartbeat_of(self.programme.staging.config)
        if heartbeat is None or given.alarms.heartbeat is None:
            return []
        board = self._house.switchboard
        places = [post.location for post in self.posts]
        switch = DeadMansSwitch(heartbeat, board.incidents, self._house.database, board.outbox, *places)
        return [Bell(name="heartbeat", every_s=given.alarms.heartbeat.every, ring=switch.ring)]

    def _sweep(self) -> None:
        """A folder has nobody else who removes what is past its time."""
        staging = self.programme.staging
        if isinstance(staging.house.store, FolderStore):
            swept = sweep(staging.house.store.root, retention_of(staging.config), datetime.now(UTC))
            tell = log.warning if swept.stuck else log.info
            freed, stuck = swept.size_bytes, list(swept.stuck)
            tell("evidence.swept", runs=swept.runs, parts=swept.parts, freed_bytes=freed, stuck=stuck)

    def _keep_days(self) -> float:
        return self.programme.staging.config.settings.history.keep_steps

    def _plan(self) -> None:
        for post in self.posts:
            if gap := post.plan():
                self._observer.unwatched(gap)

    def _leases(self) -> None:
        """Hold on to what is ours; bury what has ended."""
        for post in self.posts:
            post.hold()
        reap_orphans()

    def _reload(self) -> None:
        reloading()
        old = self.programme
        try:
            config = config_at(old.staging.config.file, old.staging.config.folder)
            needs_restart(old.staging.config.settings, config)
            self.programme = self._house.programme(old.number + 1, config)
        except (FirstBellError, OSError) as error:
            log.error("config.refused", said=str(error))
            self._observer.refused(str(error))
        else:
            log.info("config.reloaded", journeys=len(self.programme.timetable.rhythms))
            self._announced.follow(config)
            self._follow()
            self._observer.opened(self.programme, workers_of(config.settings.watch))
        notify(READY=1)

    def _stop(self, clock: Clock, signals: Signals) -> None:
        notify(STOPPING=1)
        log.info("watch.stopping")
        for post in self.posts:
            post.end_rounds()
        self._observer.closing()
        within_s = self.programme.staging.config.settings.watch.stop_within
        stopping = [
            threading.Thread(target=post.crew.stop, args=[within_s, self._house.at_once], name=f"stop {post.location}")
            for post in self.posts
        ]
        for thread in stopping:
            thread.start()
        while any(thread.is_alive() for thread in stopping):
            if signals.wait(TURN_S / 4) & STOP:
                self._house.at_once.set()
        clock.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What outlives a configuration. `at_once`: nothing is waited for any more."""

    database: Database
    practice: PracticeSchool | None
    at_once: threading.Event
    uploader: Uploader
    switchboard: Switchboard

    def staging(self, config: Config) -> Staging:
        """What a configuration makes of it, with verdicts that wait for a history that is away."""
        staging = stage_for(config, self.database, self.practice)
        history = RunHistory(self.database, staging.zone, self.switchboard.incidents.weigh_run)
        records = PatientRecords(history, self.at_once)
        return replace(staging, house=replace(staging.house, history=records, nudge=self.uploader.nudge))

    def programme(self, number: int, config: Config) -> Programme:
        """The programme of a configuration, proved by a worker that collects its journeys."""
        staging = self.staging(config)
        player = staging.player(next(iter(staging.locations)))
        try:
            return programme_of(number, staging, player.ready)
        finally:
            player.close()


def watch(config: Config, observer: Observer) -> None:
    """Open everything, watch until told to stop, close everything. Raises what a person should be told first."""
    with ExitStack() as stack:
        signals = stack.enter_context(Signals())
        database, practice = stack.enter_context(house_for(config))
        uploader = Uploader(spool_of(config), store_of(config), hear)
        stack.callback(uploader.close)
        stack.callback(lambda: uploader.finish(FINISH_S))
        house = House(
            database=database,
            practice=practice,
            at_once=threading.Event(),
            uploader=uploader,
            switchboard=switchboard_for(config, database),
        )
        staging = house.staging(config)
        logging.set_up(scrub=staging.house.known.and_also(secrets_of_alarms(config.settings)).scrub)
        uploader.start()
        stack.callback(house.switchboard.delivery().start().close)
        players: list[tuple[str, Player]] = []
        for location in staging.locations:
            for _ in range(workers_of(config.settings.watch)):
                players.append((location, staging.player(location)))
                stack.callback(players[-1][1].close)
        service = Service(programme_of(1, staging, players[0][1].ready), house, observer)
        observer.opened(service.programme, len(players))
        log.info("watch.began", workers=len(players), journeys=len(service.programme.timetable.rhythms))
        for location, player in players:
            next(post for post in service.posts if post.location == location).hire(player)
        service.run(signals)
