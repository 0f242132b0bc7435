"""A database that refuses a value is told from one that is away, and text of pages is stored on every kind."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.config.sections import NAME_LIMIT
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database, HistoryError, HistoryRefused
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow, StepRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.account_allocation import LOCK_LIMIT, AccountAllocation, lock_name
from firstbell.runner.history.slots.claims import Claim
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.history.tables.runs import locks, slots
from firstbell.runner.history.tables.schema import metadata
from firstbell.runner.schedule.slots import Due, Phase
from firstbell.runner.watch.retrying_history import RetryingRecords
from tests.support.clocks import NOON, Clock
from tests.support.servers import Postgres

ZONE = ZoneInfo("America/New_York")
POLICY = ClaimPolicy(owner="me", is_gone=lambda _owner: False, grace_s=120.0, late_after_s=30.0)
STEP = StepRow(position=1, actor="student", title="joins", service="live-class", started_s=0, ended_s=1)
ATTEMPT = AttemptRow(number=1, started_at=NOON, took_s=1, outcome="failed", steps=(STEP,))
RUN = RunRow(
    id="20260831-120000-poison", journey="live-class", location="here", started_at=NOON, took_s=1, outcome="failed",
    evidence="x", version="0", service="live-class", attempts=(ATTEMPT,),
)  # fmt: skip


@pytest.fixture
def incidents(database: Database) -> IncidentService:
    return IncidentService(database, AlarmPolicy(zone=ZONE, routes=()))


@pytest.fixture
def history(database: Database, incidents: IncidentService) -> RunHistory:
    return RunHistory(database, ZONE, incidents.record_run)


@pytest.fixture(scope="module")
def server(postgres: Postgres) -> Iterator[Database]:
    opened = Database(postgres.url)
    yield opened
    opened.close()


def due(journey: str, seconds: float = 0) -> Due:
    return Due(at=NOON + timedelta(seconds=seconds), journey=journey, phase=Phase.IN_CLASS)


def claimed(database: Database, *journeys: str) -> Claim:
    held = SlotHistory(database, "here", ZONE)
    held.plan([due(journey) for journey in journeys], {})
    claim = held.claim(POLICY, lambda _journey, _taken: AccountAllocation())
    assert claim is not None
    return claim


def states(database: Database) -> dict[str, tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(select(slots.c.journey, slots.c.state, slots.c.why))
        return {row.journey: (row.state, row.why) for row in rows}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("a\x00b", "a�b"),
        ("half \ud83d of a pair", "half � of a pair"),
        ("\udce9", "�"),
        ("\x01\x1b[31m\ufffe\u202e", "\x01\x1b[31m\ufffe\u202e"),
        ("Año 🎓", "Año 🎓"),
    ],
)
def test_text_of_pages_is_stored_everywhere(
    database: Database, history: RunHistory, incidents: IncidentService, given: str, stored: str
) -> None:
    proof = ProofRow(observer="student", observed=given, figures={given: [given, {"deep": given}]})
    step = replace(STEP, title=given, said=given)
    attempt = replace(ATTEMPT, said=given, browser=given, steps=(step,), proofs=(proof,))
    run = replace(RUN, step=given, said=given, note=given, degraded=given, diagnosis={"said": given})
    history.record(replace(run, accounts={given: given}, attempts=(attempt, replace(attempt, number=2))))
    found = history.find("poison")
    assert (found.step, found.said, found.note, found.degraded) == (stored,) * 4
    assert (found.diagnosis, found.accounts) == ({"said": stored}, {stored: stored})
    assert found.attempts[0].steps[0].title == stored
    assert found.attempts[0].proofs[0].figures == {stored: [stored, {"deep": stored}]}
    assert incidents.recent(5), "the run opened no incident"
    SlotHistory(database, "here", ZONE).skip(claimed(database, "plan-b"), given)
    assert states(database)["plan-b"] == ("skipped", stored)


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_stored_as_none(history: RunHistory, figure: float) -> None:
    proof = ProofRow(observer="student", observed="teacher", figures={"tone_hz": figure, "all": [1.5, (figure,)]})
    history.record(replace(RUN, attempts=(replace(ATTEMPT, proofs=(proof,)),)))
    assert history.find("poison").attempts[0].proofs[0].figures == {"tone_hz": None, "all": [1.5, [None]]}


def steps_at(position: int) -> RunRow:
    return replace(RUN, attempts=(replace(ATTEMPT, steps=(replace(STEP, position=position),)),))


@pytest.mark.parametrize(
    "poisoned",
    [
        pytest.param(steps_at(2**70), id="out of range"),
        pytest.param(replace(RUN, attempts=(ATTEMPT, ATTEMPT)), id="twice"),
        pytest.param(replace(RUN, attempts=(replace(ATTEMPT, said=None),)), id="null"),  # type: ignore[arg-type]
        pytest.param(replace(RUN, attempts=(replace(ATTEMPT, said={1}),)), id="another type"),  # type: ignore[arg-type]
        pytest.param(replace(RUN, attempts=(replace(ATTEMPT, started_at=datetime(2026, 8, 31)),)), id="no zone"),  # noqa: DTZ001
    ],
)
def test_a_poisoned_run_ends_as_errored_and_its_worker_goes_on(
    database: Database, history: RunHistory, poisoned: RunRow
) -> None:
    with pytest.raises(HistoryRefused):
        history.record(poisoned)
    records = RetryingRecords(history, threading.Event())
    records.record(poisoned, claimed(database, "live-class"))
    (found,) = history.recent(5)
    assert (found.id, found.outcome) == (RUN.id, "errored")
    assert "the run ended as failed, but history" in found.said
    assert states(database) == {"live-class": ("ran", "")}
    records.record(replace(RUN, id="20260831-120100-afterr"), claimed(database, "plan-b"))
    assert len(history.recent(5)) == 2


class Refusing:
    """A history that refuses everything."""

    def record(self, _run: RunRow, _claim: object = None) -> None:
        raise HistoryRefused("no")


def test_a_run_that_is_refused_as_errored_too_is_given_up() -> None:
    with pytest.raises(HistoryRefused):
        RetryingRecords(Refusing(), threading.Event()).record(RUN)


@pytest.mark.parametrize(
    "state", ["21000", "22001", "22003", "22021", "22P02", "23502", "23505", "23514", "42804", "54000", "0A000"]
)
def test_a_value_that_the_server_refuses_is_not_tried_again(server: Database, state: str) -> None:
    with pytest.raises(HistoryRefused, match=r"refuses a value \(.*\); shorten or correct it"):
        raise_at_the_server(server, state)


AWAY = "08006 25006 25P03 40001 40P01 42501 42P01 53100 53300 55P03 57014 57P01 57P03 58030 XX000"


@pytest.mark.parametrize("state", AWAY.split())
def test_a_server_that_is_busy_away_or_set_up_wrongly_is_waited_for(server: Database, state: str) -> None:
    with pytest.raises(HistoryError) as raised:
        raise_at_the_server(server, state)
    assert not isinstance(raised.value, HistoryRefused)


def test_a_connection_that_the_server_ends_is_no_refusal(server: Database) -> None:
    with pytest.raises(HistoryError) as raised, server.write() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert not isinstance(raised.value, HistoryRefused)
    with server.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def raise_at_the_server(server: Database, state: str) -> None:
    with server.write() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$"))


def test_a_claim_that_is_refused_ends_its_slot_and_not_the_others(postgres: Postgres, clock: Clock) -> None:
    database = Database(postgres.emptied(), clock)
    held = SlotHistory(database, "here", ZONE)
    held.plan([due("a-poisoned"), due("b-good")], {})

    def allocate(journey: str, _taken: frozenset[str]) -> AccountAllocation:
        return AccountAllocation(locks=["x" * (LOCK_LIMIT + 1) if journey == "a-poisoned" else "fine"])

    claim = held.claim(POLICY, allocate)
    assert claim is not None
    assert claim.journey == "b-good"
    assert states(database)["a-poisoned"] == ("missed", "its claim was refused by history")
    database.close()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table.name, name)
        for table in metadata.sorted_tables
        for name in ("journey", "location", "service", "actor", "observer", "observed", "route")
        # Journeys of `watched` are parts too, and routes of requests are paths.
        if name in table.c and (table.name, name) not in {("watched", "journey"), ("harmless_requests", "route")}
    ],
)
def test_every_column_of_a_name_is_as_wide_as_a_name(table: str, column: str) -> None:
    kind: Any = metadata.tables[table].c[column].type
    assert kind.length == NAME_LIMIT


def test_the_name_of_a_lock_fits_its_column_and_stays_unique() -> None:
    kind: Any = locks.c.name.type
    assert kind.length == LOCK_LIMIT
    name: Callable[[int], str] = lambda length: lock_name("account student at https://" + "a" * length)  # noqa: E731
    assert name(200) == "account student at https://" + "a" * 200
    assert len({name(length) for length in range(200, 2000, 100)}) == 18
    assert max(len(name(length)) for length in (222, 223, 224, 225, 5000)) == LOCK_LIMIT
