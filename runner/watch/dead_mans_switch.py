"""Signals an outside check at intervals while the locations of this service do their work; the check alarms when the
signals stop."""

from __future__ import annotations

from datetime import UTC, datetime

from firstbell.runner.alarms.heartbeat import Heartbeat, HeartbeatSignal, WatchActivity, signal_of
from firstbell.runner.history.alarms.heartbeats import HeartbeatHistory, PlannedWork
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database

MOST_OPEN = 1000
# Intervals for which a signal may be late while all is well: history or the check may be slow once.
GRACE = 2


class DeadMansSwitch:
    """The switch of one service. It signals success only while every location does its work."""

    def __init__(
        self,
        heartbeat: Heartbeat,
        incidents: IncidentService,
        database: Database,
        outbox: OutboxHistory,
        *locations: str,
        every_s: float,
    ) -> None:
        self._heartbeat = heartbeat
        self._incidents = incidents
        self._heartbeats = HeartbeatHistory(database)
        self._outbox = outbox
        self._locations = locations
        self._every_s = every_s
        self._since: datetime | None = None

    def run_once(self) -> None:
        """Sends one signal, if there is one to send. Sends none and raises HistoryError if history is unavailable, or
        ValidationError if incidents cannot be read, because then no alarm would be raised either."""
        now = datetime.now(UTC)
        self._incidents.recent(MOST_OPEN, only_open=True)
        if self._since is None:
            expected = f"a signal every {self._every_s:g} s; a grace of {GRACE * self._every_s:g} s is enough"
            places = ", ".join(self._locations)
            self._heartbeat.send(HeartbeatSignal.START, f"First Bell watches at {places}: {expected}")
            self._since = now
            return
        signal, message = signal_of(self._activity(self._since), now)
        if signal is not None and self._heartbeat.send(signal, message) and signal is HeartbeatSignal.SUCCESS:
            self._since = now

    def _activity(self, since: datetime) -> WatchActivity:
        """Returns the activity of the location that has done the least, which stands for all."""
        activities = [self._heartbeats.worked(location, since) for location in self._locations]
        least = min(activities, key=_amount)
        return WatchActivity(
            is_planned=least.is_planned,
            due=least.due,
            committed=least.committed,
            running=least.running,
            waiting_since=self._outbox.oldest_waiting(),
        )


def _amount(work: PlannedWork) -> tuple[bool, bool, int]:
    """The order of locations by what they do: no plan, then work that was due and that nothing does, then the least."""
    return work.is_planned, work.committed + work.running > 0 or work.due == 0, work.committed
