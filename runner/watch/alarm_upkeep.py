"""What is done about incidents once in a while, besides when a run ends: slots that nobody ran are weighed, who is owed
a notice by now gets one, other locations are listened for, and somebody outside hears that all is well."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import structlog

from firstbell.runner.alarms.heartbeat import Heartbeat, HeartbeatSignal, WatchActivity, signal_of
from firstbell.runner.alarms.part import watch
from firstbell.runner.alarms.status import SILENT_AFTER
from firstbell.runner.history.alarms.heartbeats import HeartbeatHistory
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database

log = structlog.get_logger()

MOST_OPEN = 1000
# A location that is gone for so long has been given up, not lost.
FORGOTTEN_AFTER = timedelta(days=7)


class AlarmUpkeep:
    """Keeps watch for the locations of one service."""

    def __init__(self, incidents: IncidentService, database: Database, *locations: str) -> None:
        self._incidents = incidents
        self._heartbeats = HeartbeatHistory(database)
        self._locations = locations
        self._silent_after = SILENT_AFTER

    def ring(self) -> None:
        """One look around. Raises HistoryError when history is away."""
        for location in self._locations:
            if missed := self._incidents.record_missed_slots(location):
                log.info("slots.weighed", slots=missed, location=location)
            self._heartbeats.beat(location)
        self._listen()
        self._incidents.enqueue_due_notices()

    def follow(self, silent_after_s: float, channels: Collection[str]) -> None:
        """Go by other terms; what is watched no more has no trouble any more."""
        self._silent_after = timedelta(seconds=silent_after_s)
        known = self._heartbeats.known()
        there = {*self._incidents.policy.relies_on, *channels, *(str(watch(location)) for location in known)}
        ours = set(self._locations)
        is_alone = set(known) <= ours
        # Other services may watch what this one does not.
        self._incidents.drop_unwatched(lambda name, seen_from: name in there or not (is_alone or seen_from <= ours))

    def _listen(self) -> None:
        """Weigh every other location that has fallen silent, or is heard of again."""
        for location, silent_for in self._heartbeats.others(*self._locations):
            if silent_for > FORGOTTEN_AFTER:
                self._give_up(location)
                continue
            minutes = round(silent_for.total_seconds() / 60)
            said = f"First Bell at {location} was not heard of for {minutes} min"
            self._incidents.record_part(watch(location), said if silent_for > self._silent_after else "")

    def _give_up(self, location: str) -> None:
        self._heartbeats.forget(location)
        self._incidents.drop_unwatched(lambda name, _: name != str(watch(location)))
        self._incidents.drop_location(location)


class DeadMansSwitch:
    """Tells somebody outside that these locations do their work, for as long as all of them do."""

    def __init__(
        self,
        heartbeat: Heartbeat,
        incidents: IncidentService,
        database: Database,
        outbox: OutboxHistory,
        *locations: str,
    ) -> None:
        self._heartbeat = heartbeat
        self._incidents = incidents
        self._heartbeats = HeartbeatHistory(database)
        self._outbox = outbox
        self._locations = locations
        self._since: datetime | None = None

    def ring(self) -> None:
        """One signal, where there is one to give. Raises HistoryError when history is away, and ValidationError when
        incidents cannot be read, so that no alarm would be raised: then nothing is told."""
        now = datetime.now(UTC)
        self._incidents.recent(MOST_OPEN, only_open=True)
        if self._since is None:
            self._heartbeat.send(HeartbeatSignal.START, f"First Bell watches at {', '.join(self._locations)}")
            self._since = now
            return
        waiting_since = self._outbox.oldest_waiting()
        worked = [self._heartbeats.worked(location, self._since) for location in self._locations]
        # The location that has done the least speaks for all.
        work = min(worked, key=lambda one: (one.is_planned, one.committed > 0 or one.due == 0, one.committed))
        pulse = WatchActivity(
            is_planned=work.is_planned, due=work.due, committed=work.committed, waiting_since=waiting_since
        )
        signal, said = signal_of(pulse, now)
        if signal is not None and self._heartbeat.send(signal, said) and signal is HeartbeatSignal.SUCCESS:
            self._since = now
