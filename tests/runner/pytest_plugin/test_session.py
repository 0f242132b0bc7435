"""The locks of plain pytest: those of history, so that every First Bell shares them, or this folder's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.runner.execution.supervision.protocol import JourneyInfo
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import AccountLocks
from firstbell.runner.pytest_plugin.session import LocalLocksOnly, open_for_pytest

CONFIG = """\
[school]
name = "B"
timezone = "UTC"
[services.library]
owner = "o"
url = "https://library.example"
[accounts.student]
username = "zz"
password = "env:FIRSTBELL_NOT_SET"
"""
CARD = JourneyInfo(id="x", title="", relies_on=("library",), roles=("student",), file="x.py", line=1)


def held(file: Path) -> frozenset[str]:
    database = Database(f"sqlite:///{file}")
    found: list[frozenset[str]] = []
    AccountLocks(database, "somebody:1:2", lambda _: False).allocate(
        lambda taken: found.append(frozenset(taken)), holder="", lease_s=1
    )
    database.close()
    return found[0]


def test_who_plays_by_pytest_is_locked_in_history_until_the_test_is_over(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    with open_for_pytest(None, tmp_path) as opened:
        with opened.reserve_accounts(CARD) as accounts:
            assert accounts == {"student": "student"}
            assert len(held(tmp_path / ".firstbell" / "history.db")) == 1
        assert not held(tmp_path / ".firstbell" / "history.db")


def test_without_history_the_folder_keeps_its_own_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG + '[history]\nurl = "sqlite:////proc/history.db"\n')
    away = pytest.warns(LocalLocksOnly, match="on this machine only")
    with away, open_for_pytest(None, tmp_path) as opened, opened.reserve_accounts(CARD):
        assert len(held(tmp_path / ".firstbell" / "locks.db")) == 1
