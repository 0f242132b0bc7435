"""The watch over a location in history: alive, stopped by a person, and alive again."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.history.alarms.heartbeats import HeartbeatHistory
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.status import status_of
from firstbell.runner.history.database import Database
from tests.support.clocks import Clock

ZONE = ZoneInfo("UTC")


def test_a_location_is_watched_until_it_is_stopped_or_silent(database: Database, clock: Clock) -> None:
    incidents, beats = IncidentService(database, AlarmPolicy(zone=ZONE, routes=())), HeartbeatHistory(database)

    def unwatched() -> list[str]:
        found = status_of(database, incidents, ["home", "annex"], 300)
        return [watch.text(ZONE).partition(" since")[0] for watch in found.unwatched]

    beats.beat("home")
    assert unwatched() == ["not watching at annex yet"]
    beats.stop("home")
    assert unwatched() == ["stopped at home", "not watching at annex yet"]
    beats.beat("home")
    beats.beat("annex")
    assert unwatched() == []
    clock.forward(timedelta(minutes=6).total_seconds())
    beats.beat("home")
    assert unwatched() == ["not watching at annex"]
