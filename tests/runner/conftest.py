"""A history of one's own, in each database that First Bell knows, on a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.history.database import Database
from tests.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path}/history.db", clock)
    else:
        opened = Database(request.getfixturevalue("postgres").emptied(), clock)
    yield opened
    opened.close()
