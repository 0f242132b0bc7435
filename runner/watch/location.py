"""A post: one location of the service, with its slots, its plan, its rounds and its crew."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.process_identity import owner_is_gone
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.watch.generation import Generation
from firstbell.runner.watch.host_checks import HostCheckJob, PeriodicHostChecks
from firstbell.runner.watch.planner import Planner, UnwatchedPeriod
from firstbell.runner.watch.slot_workers import SlotWorkers, WorkerInputs

log = structlog.get_logger()


class WatchedLocation:
    """Watches from one location. `programme` is asked each time, because configurations change."""

    def __init__(self, location: str, database: Database, terms: ClaimPolicy, asked: WorkerInputs) -> None:
        self.location = location
        self._programme: Callable[[], Generation] = asked.programme
        self._slots = SlotHistory(database, location, self._programme().staging.zone)
        self._planner = Planner(self._slots, lambda: self._programme().timetable, terms.grace_s)
        self._rounds = PeriodicHostChecks(HostCheckHistory(database), location, self._look)
        self.crew = SlotWorkers(self._slots, terms, asked, location)

    def hire(self, player: ManagedWorker) -> None:
        """One more for the crew."""
        self.crew.hire(player)

    def plan(self) -> UnwatchedPeriod | None:
        """Write down what is due soon. Says what was missed meanwhile, if anything was."""
        return self._planner.plan()

    def check_hosts(self) -> None:
        """Look at every host once."""
        self._rounds.ring()

    def stop_host_checks(self) -> None:
        """Keep nothing of what is looked at from now on."""
        self._rounds.end()

    def hold(self) -> None:
        """Hold on to what is ours before anybody looks for what is nobody's."""
        self._slots.renew(self.crew.terms, self.crew.held())
        if reaped := self._slots.reap(owner_is_gone):
            log.warning("slots.reaped", slots=reaped, location=self.location)

    def _look(self) -> HostCheckJob:
        """What is looked at: the hosts of today's configuration, by this location's way."""
        inquiry = self._programme().staging.inquiry
        return HostCheckJob(
            targets=list(inquiry.targets), way=inquiry.locations[self.location].egress, within_s=inquiry.within_s
        )
