"""Status is read beside a writer that holds its lock, and by a user who may only read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url, text

from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.status import status_of
from firstbell.runner.history.database import MIGRATION_LOCK, Database, HistoryError
from firstbell.runner.history.read_only import open_to_read
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory
from tests.support.clocks import NOON, Clock
from tests.support.servers import Postgres

ZONE = ZoneInfo("America/New_York")
NOBODY = 65534


def row(run_id: str = "20260831-160000-k3f9tq") -> RunRow:
    return RunRow(id=run_id, journey="live-class", location="here", started_at=NOON, took_s=2.0, outcome="passed",
                  evidence="x", version="0")  # fmt: skip


@pytest.fixture
def file(empty_history: Path) -> Iterator[Path]:
    """A history with one run, in a folder that every user can read."""
    folder = Path(tempfile.mkdtemp(prefix="firstbell-read-"))
    shutil.copy(empty_history, folder / "history.db")
    with closing(Database(f"sqlite:///{folder}/history.db", Clock())) as database:
        RunHistory(database, ZONE).record(row())
    yield folder / "history.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def a_user_who_can_only_read(file: Path) -> Iterator[None]:
    """Takes the permission to write the file and its folder from this process."""
    for one in file.parent.iterdir():
        one.chmod(0o444)
    file.parent.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def runs_told(database: Database) -> int:
    status_of(database, IncidentService(database, AlarmPolicy(zone=ZONE, routes=())), ["here"], 900)
    return len(RunHistory(database, ZONE).recent(5))


@pytest.mark.parametrize("writer", ["none", "idle", "writing"])
def test_a_file_is_read_without_permission_to_write(file: Path, writer: str) -> None:
    url = f"sqlite:///{file}"
    with closing(Database(url)) as service:
        if writer == "none":
            service.close()
            before = sorted(file.parent.iterdir())
            with a_user_who_can_only_read(file), closing(Database(open_to_read(url), Clock())) as database:
                assert runs_told(database) == 1
            assert sorted(file.parent.iterdir()) == before
            return
        with service.write() as connection:
            connection.execute(text("UPDATE runs SET note = 'x'"))
            if writer == "idle":
                connection.commit()
            with a_user_who_can_only_read(file), closing(Database(open_to_read(url), Clock())) as database:
                assert runs_told(database) == 1


def test_nothing_can_be_written_to_what_is_opened_to_read(file: Path) -> None:
    with (
        closing(Database(open_to_read(f"sqlite:///{file}"))) as database,
        pytest.raises(HistoryError, match="readonly"),
    ):
        RunHistory(database, ZONE).record(row("another"))


def test_a_file_that_does_not_exist_is_an_empty_history(tmp_path: Path) -> None:
    with closing(Database(open_to_read(f"sqlite:///{tmp_path}/none/history.db"))) as database:
        assert runs_told(database) == 0
    assert not (tmp_path / "none").exists()


def test_an_older_schema_is_brought_up_to_date(file: Path) -> None:
    with closing(Database(f"sqlite:///{file}")) as database, database.write() as connection:
        connection.execute(text("ALTER TABLE heartbeats DROP COLUMN stopped"))
        connection.execute(text("ALTER TABLE runs DROP COLUMN run_json_sha256"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0008'"))
    with closing(Database(open_to_read(f"sqlite:///{file}"))) as database:
        assert runs_told(database) == 1


def test_postgresql_is_read_by_a_role_that_can_only_read(postgres: Postgres) -> None:
    with closing(Database(postgres.emptied())) as service, service.write() as connection:
        connection.execute(text("DROP ROLE IF EXISTS monitor"))
        connection.execute(text("CREATE ROLE monitor LOGIN IN ROLE pg_read_all_data"))
    url = make_url(postgres.url).set(username="monitor")
    with closing(Database(postgres.url)) as service, service.write() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        with closing(Database(open_to_read(url), lambda: NOON)) as database:
            assert runs_told(database) == 0
        with closing(Database(open_to_read(postgres.url))) as database, pytest.raises(HistoryError, match="read-only"):
            RunHistory(database, ZONE).record(row())
