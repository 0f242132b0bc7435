"""The questions of each minute read an index, also where most rows are those of another location."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.history.alarms.heartbeats import HeartbeatHistory
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.status import status_of
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from tests.support.clocks import NOON

ZONE = ZoneInfo("America/New_York")
LARGE = ("slots", "runs", "notifications", "incident_log")


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """Collects SQLite's plan of every statement that reads a table that grows."""
    found: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            rows = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            found.extend(row[3] for row in rows)

    event.listen(database._engine, "before_cursor_execute", explain)
    yield found
    event.remove(database._engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_question_of_the_minute_reads_a_whole_table(database: Database) -> None:
    incidents = IncidentService(database, AlarmPolicy(zone=ZONE, routes=()))
    slots = SlotHistory(database, "here", ZONE)
    run = RunRow(id="x", journey="live-class", location="here", started_at=NOON, took_s=2.0, outcome="passed",
                 evidence="x", version="0")  # fmt: skip
    RunHistory(database, ZONE, incidents.record_run).record(run)
    policy = ClaimPolicy(owner="me", is_gone=lambda _owner: False, grace_s=120.0, late_after_s=30.0)
    with plans(database) as found:
        slots.next_due()
        slots.claim(policy, lambda _journey, _taken: None)
        slots.reap(lambda _owner: False)
        slots.miss_before(NOON, "no worker was free in time")  # type: ignore[arg-type]
        slots.gaps(NOON - timedelta(days=1), 5)
        incidents.record_missed_slots("here")
        incidents.enqueue_due_notices()
        HeartbeatHistory(database).worked("here", NOON)
        status_of(database, incidents, ["here"], 900)
    assert any("ix_slots_location_due_at" in plan for plan in found)
    assert any("ix_runs_journey_location_started_at" in plan for plan in found)
    assert [plan for plan in found if plan.startswith("SCAN") and plan.split()[1] in LARGE] == []
