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

from firstbell.artifacts.retention import sweep
from firstbell.artifacts.stores.folder import FolderStore
from firstbell.artifacts.uploader import Uploader
from firstbell.errors import FirstBellError
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner import log as logging
from firstbell.runner.app.alerting import Alerting, alerting_for, channels_of, heartbeat_of
from firstbell.runner.app.build import config_at, retention_of, spool_of, store_of
from firstbell.runner.app.local_runner import log_upload, open_shared_resources
from firstbell.runner.app.runtime import Runtime, runtime_for
from firstbell.runner.config.load import Config
from firstbell.runner.config.model import Settings, WatchSection
from firstbell.runner.config.to_alarms import secrets_of_alarms
from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.execution.supervision.termination import reap_orphans
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.retention import StepThinning
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.slots import ClaimPolicy
from firstbell.runner.watch.alarm_upkeep import AlarmUpkeep, DeadMansSwitch
from firstbell.runner.watch.clock import SILENT_S, JobClock, PeriodicJob
from firstbell.runner.watch.generation import Generation, generation_of
from firstbell.runner.watch.location import WatchedLocation
from firstbell.runner.watch.maintenance import MaintenanceWindows
from firstbell.runner.watch.planner import UnwatchedPeriod
from firstbell.runner.watch.reload import ConfigFile, needs_restart
from firstbell.runner.watch.retrying_history import RetryingRecords
from firstbell.runner.watch.signals import STOP, Signals
from firstbell.runner.watch.slot_workers import WorkerInputs
from firstbell.runner.watch.systemd import notify, reloading, watchdog_s

log = structlog.get_logger()

PLAN_S, LEASES_S, CALENDARS_S, TIDY_S, SWEEP_S, ALARM_UPKEEP_S = 10.0, 15.0, 3600.0, 3600.0, 24 * 3600.0, 5.0
TURN_S = 1.0
# What waits on the spool is durable: a stop gives the store a moment for it, and no more.
FINISH_S = 5.0


class WatchObserver(Protocol):
    """Somebody who watches the service: a person at a terminal, or nobody."""

    def opened(self, programme: Generation, workers: int) -> None:
        """The service has begun, or goes on with a new configuration."""

    def reporter(self) -> Reporter:
        """Who is told of one run."""

    def unwatched(self, gap: UnwatchedPeriod) -> None:
        """Slots were missed because nobody was watching."""

    def refused(self, said: str) -> None:
        """A new configuration cannot be used; the old one stays."""

    def closing(self) -> None:
        """The service was told to stop."""


def workers_of(given: WatchSection) -> int:
    """How many runs at once: as configured, or one for each two processors, which is what two people in a live class
    take (Elastic and BrowserStack budget two a browser)."""
    return given.workers or max(1, (os.cpu_count() or 1) // 2)


class WatchService:
    """The running service. Made by `watch`."""

    def __init__(self, programme: Generation, house: WatchResources, observer: WatchObserver) -> None:
        staging, given = programme.staging, programme.staging.config.settings.watch
        self.programme = programme
        self._house = house
        self._observer = observer
        self._announced = MaintenanceWindows(staging.config)
        self._vigil = AlarmUpkeep(house.switchboard.incidents, house.database, *staging.locations)
        self._follow()
        terms = ClaimPolicy(
            owner=this_process(), is_gone=owner_is_gone, grace_s=given.grace, late_after_s=given.late_after
        )
        asked = WorkerInputs(
            programme=lambda: self.programme, reporter=observer.reporter, announced=self._announced.windows
        )
        self.posts = [WatchedLocation(location, house.database, terms, asked) for location in staging.locations]

    def run(self, signals: Signals) -> None:
        """Watch until told to stop, then stop: in order, or at once when told twice."""
        clock = JobClock(self._bells())
        clock.start()
        file, beat_s = ConfigFile(self.programme.staging.config.file), watchdog_s()
        notify(READY=1, STATUS=f"watching {len(self.programme.timetable.rhythms)} journeys")
        turn_s = min(TURN_S, beat_s or TURN_S)
        heard: frozenset[int] = frozenset()
        while not heard & STOP:
            clock.mend()
            for post in self.posts:
                post.crew.replace_dead_workers()
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

    def _bells(self) -> list[PeriodicJob]:
        given = self.programme.staging.config.settings
        thinning = StepThinning(self._house.database, self.programme.staging.zone, self._keep_days)
        return [
            PeriodicJob(name="plan", every_s=PLAN_S, ring=self._plan),
            PeriodicJob(name="leases", every_s=LEASES_S, ring=self._leases),
            PeriodicJob(name="calendars", every_s=CALENDARS_S, ring=self._announced.refresh),
            PeriodicJob(name="tidy", every_s=TIDY_S, ring=thinning.thin),
            PeriodicJob(name="sweep", every_s=SWEEP_S, ring=self._sweep),
            PeriodicJob(name="vigil", every_s=ALARM_UPKEEP_S, ring=self._vigil.ring),
            *(
                PeriodicJob(name=f"rounds {post.location}", every_s=given.diagnosis.checks_every, ring=post.check_hosts)
                for post in self.posts
            ),
            *self._switch(given),
        ]

    def _switch(self, given: Settings) -> list[PeriodicJob]:
        """The dead man's switch, where there is one."""
        heartbeat = heartbeat_of(self.programme.staging.config)
        if heartbeat is None or given.alarms.heartbeat is None:
            return []
        board = self._house.switchboard
        places = [post.location for post in self.posts]
        switch = DeadMansSwitch(heartbeat, board.incidents, self._house.database, board.outbox, *places)
        return [PeriodicJob(name="heartbeat", every_s=given.alarms.heartbeat.every, ring=switch.ring)]

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

    def _stop(self, clock: JobClock, signals: Signals) -> None:
        notify(STOPPING=1)
        log.info("watch.stopping")
        for post in self.posts:
            post.stop_host_checks()
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
class WatchResources:
    """What outlives a configuration. `at_once`: nothing is waited for any more."""

    database: Database
    practice: PracticeSchool | None
    at_once: threading.Event
    uploader: Uploader
    switchboard: Alerting

    def staging(self, config: Config) -> Runtime:
        """What a configuration makes of it, with verdicts that wait for a history that is away."""
        staging = runtime_for(config, self.database, self.practice)
        history = RunHistory(self.database, staging.zone, self.switchboard.incidents.record_run)
        records = RetryingRecords(history, self.at_once)
        return replace(staging, house=replace(staging.house, history=records, nudge=self.uploader.nudge))

    def programme(self, number: int, config: Config) -> Generation:
        """The programme of a configuration, proved by a worker that collects its journeys."""
        staging = self.staging(config)
        player = staging.player(next(iter(staging.locations)))
        try:
            return generation_of(number, staging, player.ready)
        finally:
            player.close()


def watch(config: Config, observer: WatchObserver) -> None:
    """Open everything, watch until told to stop, close everything. Raises what a person should be told first."""
    with ExitStack() as stack:
        signals = stack.enter_context(Signals())
        database, practice = stack.enter_context(open_shared_resources(config))
        uploader = Uploader(spool_of(config), store_of(config), log_upload)
        stack.callback(uploader.close)
        stack.callback(lambda: uploader.finish(FINISH_S))
        house = WatchResources(
            database=database,
            practice=practice,
            at_once=threading.Event(),
            uploader=uploader,
            switchboard=alerting_for(config, database),
        )
        staging = house.staging(config)
        logging.set_up(scrub=staging.house.known.with_more(secrets_of_alarms(config.settings)).scrub)
        uploader.start()
        stack.callback(house.switchboard.delivery().start().close)
        players: list[tuple[str, ManagedWorker]] = []
        for location in staging.locations:
            for _ in range(workers_of(config.settings.watch)):
                players.append((location, staging.player(location)))
                stack.callback(players[-1][1].close)
        service = WatchService(generation_of(1, staging, players[0][1].ready), house, observer)
        observer.opened(service.programme, len(players))
        log.info("watch.began", workers=len(players), journeys=len(service.programme.timetable.rhythms))
        for location, player in players:
            next(post for post in service.posts if post.location == location).hire(player)
        service.run(signals)
