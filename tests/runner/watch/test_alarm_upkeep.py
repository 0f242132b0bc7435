"""A configuration that changes while the database is away is taken over when it is back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine

from firstbell.runner.alarms.observation import Observation
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.outcome import Outcome
from firstbell.runner.watch.alarm_upkeep import AlarmUpkeep
from tests.support.clocks import Clock


def broken(journey: str, at: datetime) -> Observation:
    return Observation(
        journey=journey, location="here", at=at, outcome=Outcome.FAILED, confirmed=True, service="platform"
    )


def test_a_configuration_that_changes_while_the_database_is_away_is_taken_over_later(
    database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = AlarmPolicy(zone=ZoneInfo("UTC"), routes=(), relies_on={"live-class": ("platform",)})
    incidents = IncidentService(database, policy)
    with database.write() as connection:
        incidents.record_observation(connection, broken("removed", clock.now))
    upkeep, engine = AlarmUpkeep(incidents, database, "here"), database._engine
    away: Engine = create_engine(f"sqlite:///{tmp_path}/no/such/folder/history.db")
    monkeypatch.setattr(database, "_engine", away)
    upkeep.follow(60.0, set())
    for _ in range(2):
        with pytest.raises(HistoryError):
            upkeep.run_once()
    monkeypatch.setattr(database, "_engine", engine)
    assert incidents.recent(5, only_open=True)
    upkeep.run_once()
    assert not incidents.recent(5, only_open=True)
    with database.write() as connection:
        incidents.record_observation(connection, broken("of-another-service", clock.now))
    upkeep.run_once()
    assert incidents.recent(5, only_open=True), "incidents are dropped once for each configuration"
