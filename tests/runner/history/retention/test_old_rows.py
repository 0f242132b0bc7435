"""Retention deletes old rows in batches, keeps what is still needed, and believes no clock that has just jumped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, func, insert, select
from structlog.testing import capture_logs

from firstbell.runner.history.database import Database
from firstbell.runner.history.retention import batches
from firstbell.runner.history.retention.batches import delete_where
from firstbell.runner.history.retention.old_rows import HistoryRetention, KeepDays
from firstbell.runner.history.retention.proven_clock import OF_DAYS, SEEN_DAYS, ClockProof, clock_proof
from firstbell.runner.history.tables.alarms import incident_log, incidents, notifications
from firstbell.runner.history.tables.host_checks import host_checks
from firstbell.runner.history.tables.runs import runs, slots, steps
from tests.support.clocks import NOON, Clock

ZONE = ZoneInfo("America/New_York")
DAY = timedelta(days=1)
OLD, RECENT = NOON - 100 * DAY, NOON - 80 * DAY
GROWING = (slots, notifications, incident_log, host_checks, steps)


def put(database: Database, table: Table, *rows: Mapping[str, object]) -> None:
    with database.write() as connection:
        connection.execute(insert(table), [dict(row) for row in rows])


def run(number: int, age: timedelta) -> dict[str, object]:
    texts = dict.fromkeys(("actor", "step", "service", "owner", "said", "evidence", "version"), "")
    return {"id": f"run-{number}", "journey": "a", "location": "here", "started_at": NOON - age, "took_s": 1.0,
            "outcome": "passed", **texts}  # fmt: skip


def notice(incident: int, state: str, days: int) -> dict[str, object]:
    return {"key": f"{incident}-{state}-{days}", "incident": incident, "opening": 1, "route": "it", "kind": "opened",
            "address": "smtp:x", "urgency": 0, "message": {}, "state": state, "made_at": NOON - days * DAY,
            "due_at": NOON}  # fmt: skip


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PAUSE_S", 0.0)


@pytest.fixture
def grown(database: Database) -> Database:
    """A history in which each table has rows that are old and rows that are still needed."""
    put(database, runs, *(run(number, number * DAY) for number in range(SEEN_DAYS)), run(98, 100 * DAY))
    put(database, steps, *({"run_id": run_id, "attempt": 1, "position": 1, "actor": "a", "title": "t", "service": "s",
                            "started_s": 0.0, "ended_s": 1.0, "ending": "", "said": ""}
                           for run_id in ("run-0", "run-98")))  # fmt: skip
    put(database, slots, *({"journey": "a", "location": location, "due_at": at, "phase": "in class", "state": state}
                           for location in ("here", "there") for at, state in
                           ((OLD, "ran"), (OLD + DAY, "missed"), (OLD - DAY, "running"), (RECENT, "ran"))))  # fmt: skip
    put(database, incidents, *({"number": number, "subject": "s", "opened_at": OLD, "closed_at": closed_at,
                                "openings": 1, "story": {}} for number, closed_at in
                               ((1, OLD), (2, None), (3, RECENT))))  # fmt: skip
    put(database, incident_log, *({"incident": number, "at": OLD, "what": "opened", "why": ""} for number in (1, 2, 3)))
    put(database, notifications, notice(1, "delivered", 100), notice(1, "waiting", 100), notice(1, "dead", 80),
        notice(2, "delivered", 100), notice(3, "dropped", 100), notice(0, "dead", 100))  # fmt: skip
    put(database, host_checks, *({"location": "here", "host": "h", "service": "s", "at": NOON - days * DAY,
                                  "verdict": "well", "found": {}} for days in (6, 8)))  # fmt: skip
    return database


def retention(database: Database) -> HistoryRetention:
    return HistoryRetention(database, ZONE, lambda: KeepDays(steps=30.0, details=90.0))


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in GROWING
        }


def test_what_is_old_and_has_ended_is_deleted_and_the_rest_stays(grown: Database) -> None:
    assert retention(grown).apply() == 4 + 2 + 1 + 1 + 1
    assert counts(grown) == {"slots": 4, "notifications": 4, "incident_log": 2, "host_checks": 1, "steps": 1}
    with grown.read() as connection:
        kept = set(connection.execute(select(notifications.c.key)).scalars())
    assert kept == {"1-waiting-100", "1-dead-80", "2-delivered-100", "3-dropped-100"}
    assert retention(grown).apply() == 0


@pytest.mark.parametrize("jump", [400 * DAY, 20 * 365 * DAY, -400 * DAY], ids=["a year", "twenty years", "back"])
def test_a_clock_that_has_jumped_deletes_nothing_and_says_so_once(
    grown: Database, clock: Clock, jump: timedelta
) -> None:
    before = counts(grown)
    clock.now = NOON + jump
    old_rows = retention(grown)
    # The service goes on playing by that clock.
    put(grown, runs, run(500, -jump))
    with capture_logs() as logs:
        assert (old_rows.apply(), old_rows.apply()) == (0, 0)
    assert counts(grown) == before
    assert [event["event"] for event in logs] == ["retention.held_back"]


def test_a_clock_is_believed_again_once_it_has_run_for_days(database: Database, clock: Clock) -> None:
    put(database, runs, run(0, timedelta(0)))
    assert clock_proof(database) is ClockProof.YOUNG
    clock.now = NOON + 40 * DAY
    proofs = []
    for number in range(SEEN_DAYS):
        put(database, runs, run(1 + number, NOON - clock.now))
        proofs.append(clock_proof(database))
        clock.forward(86400)
    assert proofs == [ClockProof.DOUBTFUL] * (SEEN_DAYS - 1) + [ClockProof.PROVEN]
    clock.now = NOON - DAY
    assert clock_proof(database) is ClockProof.DOUBTFUL


def test_host_checks_prove_a_clock_in_the_holidays(database: Database) -> None:
    put(database, runs, run(0, 60 * DAY))
    assert clock_proof(database) is ClockProof.DOUBTFUL
    put(database, host_checks, *({"location": "here", "host": "h", "service": "s", "at": NOON - days * DAY,
                                  "verdict": "well", "found": {}} for days in range(OF_DAYS)))  # fmt: skip
    assert clock_proof(database) is ClockProof.PROVEN


def test_no_write_transaction_deletes_more_than_a_batch(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 3)
    put(database, incident_log, *({"incident": 1, "at": OLD, "what": "opened", "why": ""} for _ in range(10)))
    deleted: list[int] = []
    one_batch = batches.delete_values

    def counted(*given: Any) -> int:
        deleted.append(one_batch(*given))
        return deleted[-1]

    monkeypatch.setattr(batches, "delete_values", counted)
    assert delete_where(database, incident_log, incident_log.c.at < NOON) == 10
    assert deleted == [3, 3, 3, 1]


def test_steps_that_a_death_in_the_middle_left_are_deleted_by_the_next_call(
    grown: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps_module = "firstbell.runner.history.retention.steps"
    with monkeypatch.context() as patched:
        patched.setattr(f"{steps_module}.delete_values", lambda *_given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            retention(grown).apply()
    assert counts(grown)["steps"] == 2
    retention(grown).apply()
    assert counts(grown)["steps"] == 1
