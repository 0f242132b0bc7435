"""One location of the service: its slots, planner, host checks and workers."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from firstbell.runner.execution.supervision.process_identity import owner_is_gone
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.history.slots.renewals import Renewals
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.watch.generation import Generation
from firstbell.runner.watch.host_checks import HostCheckJob, PeriodicHostChecks
from firstbell.runner.watch.planner import Planner, UnwatchedPeriod
from firstbell.runner.watch.slot_workers import SlotWorkers, WorkerInputs

log = structlog.get_logger()


class WatchedLocation:
    """A location that this service watches. The current generation is read each time, because configurations change."""

    def __init__(self, location: str, database: Database, policy: ClaimPolicy, inputs: WorkerInputs) -> None:
        self.location = location
        self._generation: Callable[[], Generation] = inputs.generation
        self._slots = SlotHistory(database, location, self._generation().runtime.zone)
        self._planner = Planner(self._slots, lambda: self._generation().timetable, policy.grace_s)
        self._renewals = Renewals(policy.lease_s)
        self.host_checks = PeriodicHostChecks(HostCheckHistory(database), location, self._host_check_job)
        self.workers = SlotWorkers(self._slots, policy, inputs, location)

    def plan(self) -> UnwatchedPeriod | None:
        """Records the slots that are due soon. Returns the period whose slots were missed, if any."""
        missed = self._planner.plan()
        self.workers.planned.set()
        return missed

    def renew_and_reap(self) -> None:
        """Renews this process's leases, then ends slots whose owner is gone, and expired ones if that may be."""
        try:
            self._renewals.succeeded(self._slots.renew(self.workers.policy, self.workers.active_claims()))
        except HistoryError:
            self._renewals.failed()
            raise
        if reaped := self._slots.reap(owner_is_gone, by_lease=self._renewals.are_undisturbed):
            log.warning("slots.reaped", slots=reaped, location=self.location)

    def _host_check_job(self) -> HostCheckJob:
        """Returns the next check: the hosts of the current configuration, by this location's network path."""
        inquiry = self._generation().runtime.investigation
        return HostCheckJob(
            targets=list(inquiry.targets), egress=inquiry.locations[self.location].egress, within_s=inquiry.within_s
        )
