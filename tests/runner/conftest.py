"""Fixtures for tests with a database: a new one of each supported kind, on a clock that tests set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbell.runner.history.database import Database
from tests.support.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def empty_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creates an empty database of the current schema, which each test copies."""
    file = tmp_path_factory.mktemp("history") / "empty.db"
    Database(f"sqlite:///{file}").close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, empty_history: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        shutil.copy(empty_history, tmp_path / "history.db")
        opened = Database(f"sqlite:///{tmp_path}/history.db", clock)
    else:
        opened = Database(request.getfixturevalue("postgres").emptied(), clock)
    yield opened
    opened.close()
