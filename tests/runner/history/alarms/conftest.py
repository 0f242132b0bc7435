"""A morning on SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbell.runner.history.database import Database
from tests.support.clocks import Clock
from tests.support.mornings import Morning


@pytest.fixture
def morning(tmp_path: Path, clock: Clock, empty_history: Path) -> Iterator[Morning]:
    """A morning on SQLite alone: the rules are the same on any database."""
    shutil.copy(empty_history, tmp_path / "history.db")
    database = Database(f"sqlite:///{tmp_path}/history.db", clock)
    yield Morning(database, clock)
    database.close()
