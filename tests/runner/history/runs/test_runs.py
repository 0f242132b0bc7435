"""Runs in history: written whole, found by the end of their id, with the schema that migrations make."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from firstbell.runner.history.database import Database, HistoryError, migrations, open_database
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow, StepRow
from firstbell.runner.history.runs.runs import NoSuchRun, RunHistory
from firstbell.runner.history.tables.schema import metadata

MIAMI = ZoneInfo("America/New_York")
NOON = datetime(2026, 8, 31, 12, 0, tzinfo=UTC)


def run(name: str = "k3f9tq", *, minutes: int = 0, outcome: str = "passed", journey: str = "live-class") -> RunRow:
    at = NOON + timedelta(minutes=minutes)
    step = StepRow(position=1, actor="student", title="joins", service="live-class", started_s=0.1, ended_s=0.9)
    proof = ProofRow(observer="student", observed="teacher", latency_ms=40.5, figures={"tone_hz": 441.4, "path": None})
    attempt = AttemptRow(number=1, started_at=at, took_s=2.5, outcome=outcome, steps=(step,), proofs=(proof,))
    return RunRow(
        id=f"{at:%Y%m%d-%H%M%S}-{name}",
        journey=journey,
        location="here",
        started_at=at,
        took_s=2.5,
        outcome=outcome,
        evidence="evidence/runs/x",
        version="0.1.0",
        attempts=(attempt,),
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.db"
    address: str = request.getfixturevalue("postgres").emptied()
    return address


@pytest.fixture
def history(url: str) -> Iterator[RunHistory]:
    database = Database(url)
    yield RunHistory(database, MIAMI)
    database.close()


def test_a_run_is_read_as_it_was_written(history: RunHistory) -> None:
    history.record(run())
    assert history.find(run().id) == run()


def test_times_are_stored_in_utc(history: RunHistory) -> None:
    miami = run()
    local = miami.started_at.astimezone(timezone(timedelta(hours=-4)))
    history.record(RunRow(**{**{name: getattr(miami, name) for name in miami.__slots__}, "started_at": local}))
    assert history.find("k3f9tq").started_at == NOON
    assert history.find("k3f9tq").started_at.utcoffset() == timedelta(0)


def test_recent_runs_are_newest_first_and_can_be_filtered(history: RunHistory) -> None:
    history.record(run("aaaaaa"))
    history.record(run("bbbbbb", minutes=1, outcome="failed"))
    history.record(run("cccccc", minutes=2, journey="sign-in"))
    assert [found.id[-6:] for found in history.recent(2)] == ["cccccc", "bbbbbb"]
    assert [found.id[-6:] for found in history.recent(9, journeys=["live-class"])] == ["bbbbbb", "aaaaaa"]
    assert [found.id[-6:] for found in history.recent(9, outcome="failed")] == ["bbbbbb"]


def test_a_run_is_found_by_the_end_of_its_id_if_it_is_unique(history: RunHistory) -> None:
    history.record(run("aaaaaa"))
    history.record(run("bbaaaa", minutes=1))
    assert history.find("bbaaaa").id.endswith("bbaaaa")
    with pytest.raises(NoSuchRun, match="several runs have an id that ends in 'aaaa'"):
        history.find("aaaa")
    with pytest.raises(NoSuchRun, match="list them with: firstbell runs"):
        history.find("%")


def test_a_run_is_written_whole_or_not_at_all(history: RunHistory) -> None:
    twice = (run().attempts[0], run().attempts[0])
    broken = RunRow(**{**{name: getattr(run(), name) for name in run().__slots__}, "attempts": twice})
    with pytest.raises(HistoryError):
        history.record(broken)
    with pytest.raises(NoSuchRun):
        history.find(run().id)


def test_migrations_make_the_declared_tables(url: str) -> None:
    engine = open_database(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_database_of_the_first_version_keeps_its_runs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(migrations(connection), "0001")
        first = {"id": "20260831-120000-k3f9tq", "journey": "live-class", "started_at": "2026-08-31 12:00:00"}
        filled = dict.fromkeys(("location", "actor", "step", "service", "owner", "said", "evidence", "version"), "x")
        row = first | filled | {"took_s": "4.2", "outcome": "passed"}
        columns, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
        connection.execute(text(f"INSERT INTO runs ({columns}) VALUES ({values})"))  # noqa: S608  # constants
    engine.dispose()
    database = Database(url)
    found = RunHistory(database, MIAMI).find("k3f9tq")
    assert (found.id, found.flaky, found.due_at) == ("20260831-120000-k3f9tq", False, None)
    database.close()


@pytest.mark.parametrize(
    ("outcome", "said", "is_private"),
    [
        ("errored", "privacy: somebody who is not expected came into the class", True),
        ("errored", "the browser crashed", False),
        ("failed", "privacy: a page says so", False),
    ],
)
def test_an_old_run_is_private_if_its_message_says_so(outcome: str, said: str, url: str, *, is_private: bool) -> None:
    engine = open_database(url)
    with engine.begin() as connection:
        for column in ("is_private", "accounts", "under_construction", "run_json_sha256"):
            connection.execute(text(f"ALTER TABLE runs DROP COLUMN {column}"))
        connection.execute(text("DROP TABLE harmless_requests"))
        connection.execute(text("ALTER TABLE heartbeats DROP COLUMN stopped"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0006'"))
        filled = dict.fromkeys(("location", "actor", "step", "service", "owner", "evidence", "version"), "x")
        row = filled | {"id": "20260831-120000-k3f9tq", "tail": "qt9f3k-000021-13806202", "journey": "live-class"}
        row |= {"started_at": "2026-08-31 12:00:00", "took_s": "4.2", "outcome": outcome, "said": said}
        columns, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
        connection.execute(text(f"INSERT INTO runs ({columns}) VALUES ({values})"))  # noqa: S608  # constants
    engine.dispose()
    database = Database(url)
    found = RunHistory(database, MIAMI).find("k3f9tq")
    assert (found.said, found.is_private) == (said, is_private)
    database.close()


def test_a_database_of_a_newer_first_bell_is_refused(url: str) -> None:
    engine = open_database(url)
    with engine.begin() as connection:
        ours = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HistoryError, match=r"newer First Bell \(9999\)"):
        open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :ours"), {"ours": ours})
    engine.dispose()


@pytest.mark.browser
def test_four_processes_can_create_a_database_at_once(tmp_path: Path) -> None:
    """Five new databases: without the lock around the opening, about one in nine failed."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        for number in range(5):
            url = f"sqlite:///{tmp_path}/history-{number}.db"
            assert pool.map(_open_and_close, [url] * 4, chunksize=1) == [None] * 4


def _open_and_close(url: str) -> None:
    Database(url).close()


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to look like one" * 20])
def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.db").write_bytes(content)
    with pytest.raises(HistoryError, match=r"cannot be used \(file is not a database\); check its permissions"):
        open_database(f"sqlite:///{tmp_path}/history.db")


def test_an_unsupported_kind_of_database_is_refused() -> None:
    with pytest.raises(HistoryError, match=r"history\.url: this kind of database is not supported"):
        open_database("nosuchdb://somewhere/x")
