"""The service `firstbell watch`: opens what outlives a configuration, then supervises the clock and the slot workers.

A dead clock is restarted, a dead worker is replaced, and an unavailable database is waited for.
"""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
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
from firstbell.runner.app.build import config_at
from firstbell.runner.app.build_storage import retention_of, spool_of, store_of
from firstbell.runner.app.local_runner import log_upload, open_shared_resources
from firstbell.runner.app.log_secrets import LogSecrets
from firstbell.runner.app.runtime import Runtime, runtime_for
from firstbell.runner.config.load import Config
from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.watch import WatchSection
from firstbell.runner.config.to_alarms import secrets_of_alarms
from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.execution.supervision.termination import reap_orphans
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.retention.old_rows import HistoryRetention, KeepDays
from firstbell.runner.history.retention.proven_clock import WHY_DOUBTFUL, ClockProof, clock_proof
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.slots import ClaimPolicy
from firstbell.runner.metrics.endpoint import FigureSources, figures_served
from firstbell.runner.metrics.run_figures import RunFigures
from firstbell.runner.watch.alarm_upkeep import AlarmUpkeep
from firstbell.runner.watch.clock import SILENT_S, JobClock, PeriodicJob
from firstbell.runner.watch.dead_mans_switch import DeadMansSwitch
from firstbell.runner.watch.generation import Generation, generation_of
from firstbell.runner.watch.location import WatchedLocation
from firstbell.runner.watch.maintenance import MaintenanceWindows
from firstbell.runner.watch.planner import UnwatchedPeriod
from firstbell.runner.watch.reload import ConfigFile, check_without_restart
from firstbell.runner.watch.retrying_history import RetryingRecords
from firstbell.runner.watch.signals import STOP, Signals
from firstbell.runner.watch.slot_workers import WorkerInputs
from firstbell.runner.watch.systemd import notify, reloading, watchdog_s

log = structlog.get_logger()

PLAN_S, LEASES_S, ALARM_UPKEEP_S, REPEAT_S = 10.0, 15.0, 5.0, 60.0
CALENDARS_S, RETENTION_S, SWEEP_S = 10.0, 3600.0, 24 * 3600.0
TURN_S = 1.0
# A stop waits no longer for uploads: evidence on the spool is durable.
FINISH_S = 5.0


class WatchObserver(Protocol):
    """Receives progress events of the service, for a person at a terminal or for a log."""

    def opened(self, generation: Generation, workers: int, /) -> None:
        """The service has started, or continues with a new configuration."""

    def reporter(self) -> Reporter:
        """Returns the reporter of one run."""

    def unwatched(self, gap: UnwatchedPeriod, /) -> None:
        """Slots were missed because the service was not running."""

    def refused(self, message: str, /) -> None:
        """A new configuration cannot be used; the old one stays."""

    def closing(self) -> None:
        """The service received a stop signal."""


def workers_of(section: WatchSection) -> int:
    """Returns the number of runs at once: as configured, or one for each two processors, because a live class has two
    people (Elastic and BrowserStack plan two processors for a browser)."""
    return section.workers or max(1, (os.cpu_count() or 1) // 2)


class WatchService:
    """The running service. `watch` creates it."""

    def __init__(self, generation: Generation, resources: WatchResources, observer: WatchObserver) -> None:
        runtime, section = generation.runtime, generation.runtime.config.settings.watch
        self.generation = generation
        self._resources = resources
        self._observer = observer
        self._maintenance = MaintenanceWindows(runtime.config)
        self._alarm_upkeep = AlarmUpkeep(resources.alerting.incidents, resources.database, *runtime.locations)
        self._follow()
        self.figures = RunFigures()
        policy = ClaimPolicy(
            owner=this_process(), is_gone=owner_is_gone, grace_s=section.grace, late_after_s=section.late_after
        )
        inputs = WorkerInputs(
            generation=lambda: self.generation,
            reporter=observer.reporter,
            count_run=self.figures.add,
            announced=self._maintenance.windows,
        )
        self.locations = {name: WatchedLocation(name, resources.database, policy, inputs) for name in runtime.locations}

    def run(self, signals: Signals) -> None:
        """Watches until a stop signal, then stops in order, or at once on a second signal."""
        clock = JobClock(self._jobs())
        clock.start()
        file, watchdog_interval_s = ConfigFile(self.generation.runtime.config.file), watchdog_s()
        notify(READY=1, STATUS=f"watching {len(self.generation.timetable.rhythms)} journeys")
        turn_s = min(TURN_S, watchdog_interval_s or TURN_S)
        received: frozenset[int] = frozenset()
        while not received & STOP:
            clock.restart_if_silent()
            for location in self.locations.values():
                location.workers.replace_dead_workers()
            if received or file.has_changed():
                self._reload()
            if watchdog_interval_s is not None and clock.silent_s < SILENT_S:
                notify(WATCHDOG=1)
            received = signals.wait(turn_s)
        self._stop(clock, signals)

    def _follow(self) -> None:
        """Gives alarms the journeys and routes of the current generation."""
        config = self.generation.runtime.config
        entries = self.generation.entries
        relies_on = {name: entry.relies_on for name, entry in entries.items() if entry.section.enabled}
        self._resources.alerting.follow(config, relies_on, self._maintenance.windows)
        self._alarm_upkeep.follow(config.settings.alarms.silent_after, channels_of(config))

    def _jobs(self) -> list[PeriodicJob]:
        settings = self.generation.runtime.config.settings
        retention = HistoryRetention(self._resources.database, self.generation.runtime.zone, self._keep_days)
        checks_every_s = settings.diagnosis.checks_every
        return [
            PeriodicJob(name="plan", every_s=PLAN_S, run_once=self._plan),
            PeriodicJob(name="leases", every_s=LEASES_S, run_once=self._renew_and_reap),
            PeriodicJob(name="calendars", every_s=CALENDARS_S, run_once=self._maintenance.refresh),
            PeriodicJob(name="retention", every_s=RETENTION_S, run_once=retention.apply),
            PeriodicJob(name="evidence sweep", every_s=SWEEP_S, run_once=self._sweep),
            PeriodicJob(name="alarm upkeep", every_s=ALARM_UPKEEP_S, run_once=self._alarm_upkeep.run_once),
            *(
                PeriodicJob(name=f"host checks {name}", every_s=checks_every_s, run_once=location.host_checks.run_once)
                for name, location in self.locations.items()
            ),
            PeriodicJob(name="alerts", every_s=REPEAT_S, run_once=self._resources.alerting.repeat_alerts),
            *self._heartbeat_jobs(settings),
        ]

    def _heartbeat_jobs(self, settings: Settings) -> list[PeriodicJob]:
        """Returns the job of the dead man's switch, if a heartbeat is configured."""
        heartbeat = heartbeat_of(self.generation.runtime.config)
        if heartbeat is None or settings.alarms.heartbeat is None:
            return []
        alerting, database = self._resources.alerting, self._resources.database
        every_s, parts = settings.alarms.heartbeat.every, (alerting.incidents, database, alerting.outbox)
        switch = DeadMansSwitch(heartbeat, *parts, *self.locations, every_s=every_s)
        return [PeriodicJob(name="heartbeat", every_s=every_s, run_once=switch.run_once)]

    def _sweep(self) -> None:
        """Removes expired evidence from a folder, unless the clock may be wrong. A bucket has lifecycle rules."""
        runtime = self.generation.runtime
        proof = clock_proof(self._resources.database)
        if proof is ClockProof.DOUBTFUL:
            log.warning("evidence.sweep_held_back", why=WHY_DOUBTFUL)
        elif proof is ClockProof.PROVEN and isinstance(runtime.run_context.store, FolderStore):
            swept = sweep(runtime.run_context.store.root, retention_of(runtime.config), datetime.now(UTC))
            write, stuck = (log.warning if swept.stuck else log.info), list(swept.stuck)
            write("evidence.swept", runs=swept.runs, parts=swept.parts, freed_bytes=swept.size_bytes, stuck=stuck)

    def _keep_days(self) -> KeepDays:
        section = self.generation.runtime.config.settings.history
        return KeepDays(steps=section.keep_steps, details=section.keep_details)

    def _plan(self) -> None:
        for location in self.locations.values():
            if gap := location.plan():
                self._observer.unwatched(gap)

    def _renew_and_reap(self) -> None:
        """Renews leases, then reaps expired ones and orphaned processes."""
        for location in self.locations.values():
            location.renew_and_reap()
        reap_orphans()

    def _reload(self) -> None:
        reloading()
        old = self.generation
        try:
            config = config_at(old.runtime.config.file, old.runtime.config.folder)
            check_without_restart(old.runtime.config.settings, config)
            self.generation = self._resources.generation(old.number + 1, config)
        except (FirstBellError, OSError) as error:
            log.error("config.refused", error=str(error))
            self._observer.refused(str(error))
        else:
            log.info("config.reloaded", journeys=len(self.generation.timetable.rhythms))
            self._maintenance.follow(config)
            self._follow()
            self._observer.opened(self.generation, workers_of(config.settings.watch))
        notify(READY=1)

    def _stop(self, clock: JobClock, signals: Signals) -> None:
        notify(STOPPING=1)
        log.info("watch.stopping")
        for location in self.locations.values():
            location.host_checks.stop()
        self._observer.closing()
        stop_args = [self.generation.runtime.config.settings.watch.stop_within, self._resources.at_once]
        threads = [
            threading.Thread(target=location.workers.stop, args=stop_args, name=f"stop {name}")
            for name, location in self.locations.items()
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if signals.wait(TURN_S / 4) & STOP:
                self._resources.at_once.set()
        clock.stop()
        try:
            self._alarm_upkeep.stop()
        except HistoryError as error:
            log.warning("watch.stop_not_noted", error=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResources:
    """The resources that outlive a configuration. Once `at_once` is set, nothing is waited for any more. `log_secrets`
    get the secrets of each configuration before anything is done with it."""

    database: Database
    practice: PracticeSchool | None
    at_once: threading.Event
    uploader: Uploader
    alerting: Alerting
    log_secrets: LogSecrets = field(default_factory=LogSecrets)

    def runtime(self, config: Config) -> Runtime:
        """Returns the runtime of a configuration, with records that wait for an unavailable history."""
        runtime = runtime_for(config, self.database, self.practice)
        self.log_secrets.add(runtime.run_context.known.with_more(secrets_of_alarms(config.settings)))
        history = RunHistory(self.database, runtime.zone, self.alerting.incidents.record_run)
        records = RetryingRecords(history, self.at_once)
        return replace(runtime, run_context=replace(runtime.run_context, history=records, nudge=self.uploader.nudge))

    def generation(self, number: int, config: Config) -> Generation:
        """Returns the generation of a configuration, whose journeys a worker collects first."""
        runtime = self.runtime(config)
        worker = runtime.start_worker(next(iter(runtime.locations)))
        try:
            return generation_of(number, runtime, worker.ready)
        finally:
            worker.close()


def watch(config: Config, observer: WatchObserver) -> None:
    """Opens everything, watches until a stop signal, closes everything. Raises errors that a person must see first."""
    with ExitStack() as stack:
        signals = stack.enter_context(Signals())
        database, practice = stack.enter_context(open_shared_resources(config))
        spool = spool_of(config)
        uploader = Uploader(spool, store_of(config), log_upload)
        stack.callback(uploader.close)
        stack.callback(lambda: uploader.finish(FINISH_S))
        resources = WatchResources(
            database=database,
            practice=practice,
            at_once=threading.Event(),
            uploader=uploader,
            alerting=alerting_for(config, database),
        )
        runtime = resources.runtime(config)
        logging.set_up(scrub=resources.log_secrets.scrub)
        uploader.start()
        stack.callback(resources.alerting.delivery().start().close)
        workers: list[tuple[str, ManagedWorker]] = []
        for location in runtime.locations:
            for _ in range(workers_of(config.settings.watch)):
                workers.append((location, runtime.start_worker(location)))
                stack.callback(workers[-1][1].close)
        service = WatchService(generation_of(1, runtime, workers[0][1].ready), resources, observer)
        sources = FigureSources(
            resources.alerting, spool, lambda: {name: at.workers.count for name, at in service.locations.items()}
        )
        stack.enter_context(figures_served(config, service.figures, sources))
        observer.opened(service.generation, len(workers))
        log.info("watch.began", workers=len(workers), journeys=len(service.generation.timetable.rhythms))
        for location, worker in workers:
            service.locations[location].workers.start_worker(worker)
        service.run(signals)
