"""A configuration that changes while the database is away is taken over when it is back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine, func, select

from firstbell.runner.alarms.observation import Observation
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import NoticeKind, Route
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.tables.alarms import notifications
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


def escalations(database: Database, upkeep: AlarmUpkeep) -> int:
    upkeep.run_once()
    with database.read() as connection:
        query = select(func.count()).where(notifications.c.kind == NoticeKind.ESCALATED.value)
        return connection.execute(query).scalar_one()


def test_an_escalation_waits_for_a_look_after_a_gap_of_the_watch(database: Database, clock: Clock) -> None:
    minute = 60.0
    it = Route(name="it", to=("smtp:it@b.c",), escalate_after=timedelta(minutes=2), escalate_to=("head",))
    policy = AlarmPolicy(zone=ZoneInfo("UTC"), routes=(it, Route(name="head", to=("smtp:head@b.c",))))
    policy = replace(policy, relies_on={"live-class": ("platform",)})
    incidents = IncidentService(database, policy)

    def look() -> None:
        with database.write() as connection:
            incidents.record_observation(connection, broken("live-class", clock.now))

    before = AlarmUpkeep(incidents, database, "here")
    before.run_once()
    look()
    clock.forward(3 * minute)  # The database is away.
    assert escalations(database, before) == 0
    restarted, elsewhere = AlarmUpkeep(incidents, database, "here"), AlarmUpkeep(incidents, database, "elsewhere")
    assert escalations(database, restarted) == escalations(database, elsewhere) == 0
    clock.forward(minute / 2)
    look()
    assert escalations(database, restarted) == 1
    assert escalations(database, elsewhere) == 1, "another location has told it already"
