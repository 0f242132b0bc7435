"""Keeps incidents up to date between runs: observes missed slots, sends due notices, and watches other locations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from firstbell.runner.alarms.part import watch
from firstbell.runner.alarms.status import SILENT_AFTER
from firstbell.runner.history.alarms.heartbeats import HeartbeatHistory
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database
from firstbell.runner.history.retention.proven_clock import ClockProof, clock_proof

log = structlog.get_logger()

# A service that could do no upkeep for so long has not watched.
GAP = timedelta(minutes=1)
# A location that is silent for so long has been given up, not lost, unless the clock is in doubt.
FORGOTTEN_AFTER = timedelta(days=7)


class AlarmUpkeep:
    """The upkeep of incidents for the locations of one service."""

    def __init__(self, incidents: IncidentService, database: Database, *locations: str) -> None:
        self._incidents = incidents
        self._database = database
        self._heartbeats = HeartbeatHistory(database)
        self._locations = locations
        self._silent_after = SILENT_AFTER
        self._watching_since: dict[str, datetime] = {}
        self._last_turn: datetime | None = None
        self._new_channels: frozenset[str] | None = None
        """The channels of a configuration that history has not taken over yet."""

    def run_once(self) -> None:
        """Takes over a new configuration, observes missed slots, records heartbeats, checks other locations, and looks
        for due notices. Raises HistoryError if history is unavailable."""
        if (channels := self._new_channels) is not None:
            self._drop_unwatched(channels)
            if self._new_channels is channels:  # Another thread may bring the next configuration meanwhile.
                self._new_channels = None
        for location in self._locations:
            if missed := self._incidents.record_missed_slots(location):
                log.info("slots.observed", slots=missed, location=location)
            self._heartbeats.beat(location)
        self._check_other_locations()
        self._note_watches()
        self._incidents.enqueue_due_notices(self._watching_since)

    def follow(self, silent_after_s: float, channels: Collection[str]) -> None:
        """Takes over a new configuration: the next `run_once` closes incidents about journeys, channels and locations
        that are no longer watched, because history may be unavailable now."""
        self._silent_after = timedelta(seconds=silent_after_s)
        self._new_channels = frozenset(channels)

    def stop(self) -> None:
        """Notes that a person stopped the service. Raises HistoryError if history is unavailable."""
        for location in self._locations:
            self._heartbeats.stop(location)

    def _note_watches(self) -> None:
        """Notes since when each location is watched: anew after a gap, a step of the clock, or its silence."""
        with self._database.read() as connection:
            now = self._database.now(connection)
        others = self._heartbeats.others(*self._locations)
        alive = {*self._locations, *(name for name, silent_for in others if silent_for <= self._silent_after)}
        is_gap = self._last_turn is None or not self._last_turn <= now <= self._last_turn + GAP
        begun = {} if is_gap else self._watching_since
        self._watching_since, self._last_turn = {name: begun.get(name, now) for name in alive}, now

    def _drop_unwatched(self, channels: Collection[str]) -> None:
        known = self._heartbeats.known()
        watched = {*self._incidents.policy.relies_on, *channels, *(str(watch(location)) for location in known)}
        own = set(self._locations)
        is_alone = set(known) <= own
        # Another service may watch a journey that this one does not.
        self._incidents.drop_unwatched(lambda name, seen_from: name in watched or not (is_alone or seen_from <= own))

    def _check_other_locations(self) -> None:
        """Reports each other location that has become silent, or is back."""
        for location, silent_for in self._heartbeats.others(*self._locations):
            if silent_for > FORGOTTEN_AFTER and clock_proof(self._database) is not ClockProof.DOUBTFUL:
                self._give_up(location)
                continue
            minutes = round(silent_for.total_seconds() / 60)
            problem = f"First Bell at {location} has been silent for {minutes} min"
            self._incidents.record_part(watch(location), problem if silent_for > self._silent_after else "")

    def _give_up(self, location: str) -> None:
        self._heartbeats.forget(location)
        self._incidents.drop_unwatched(lambda name, _: name != str(watch(location)))
        self._incidents.drop_location(location)
