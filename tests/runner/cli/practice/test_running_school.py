"""The practice school of `watch` and of `practice`: other terminals find it, and only its own end removes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from firstbell.runner.cli.main import main
from firstbell.runner.cli.play.watch import LogObserver
from firstbell.runner.cli.practice.running_school import (
    STATE_FILE,
    announce_school,
    announced_school,
    withdraw_school,
)
from firstbell.runner.execution.supervision.protocol import PracticeAddress


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_school_is_found_until_it_closes() -> None:
    announce_school("http://127.0.0.1:1", "first")
    assert announced_school() == ("http://127.0.0.1:1", "first")
    assert STATE_FILE.stat().st_mode & 0o777 == 0o600
    announce_school("http://127.0.0.1:2", "second")
    withdraw_school("first")
    assert announced_school() == ("http://127.0.0.1:2", "second")
    withdraw_school("second")
    assert announced_school() is None


def test_watch_announces_its_school_and_withdraws_it() -> None:
    address = PracticeAddress(control="http://127.0.0.1:3", token="third")  # no secret
    observer = LogObserver()
    observer.opened(SimpleNamespace(runtime=SimpleNamespace(setup=SimpleNamespace(practice=address))), 1)  # type: ignore[arg-type]
    assert announced_school() == ("http://127.0.0.1:3", "third")
    observer.school.withdraw()
    assert announced_school() is None


def test_without_a_school_break_says_how_to_start_one() -> None:
    result = CliRunner().invoke(main, ["practice", "break", "sessions-empty"])
    assert result.exit_code == 2
    assert "start one with: firstbell practice, or firstbell watch" in result.stderr
