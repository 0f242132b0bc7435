"""Tests that other users of the machine cannot read state, history and logs, whatever created or left them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firstbell.artifacts.spool import Spool
from firstbell.private_files import LOG_MIB, private_log
from firstbell.runner.app.history_address import history_url
from firstbell.runner.app.open_config import open_state_folder
from firstbell.runner.config.load import Config, parse
from firstbell.runner.history.database import Database

TEXT = """\
[school]
name = "P"
timezone = "UTC"
practice = true
"""


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse(TEXT, tmp_path / "firstbell.toml")


def open_to_others(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.stat().st_mode & 0o077]


@pytest.mark.parametrize(
    "first",
    [
        lambda config: Database(history_url(config)).close(),
        lambda config: private_log(config.folder / ".firstbell" / "worker.log").close(),
        lambda config: Spool(config.folder / ".firstbell" / "spool"),
        open_state_folder,
    ],
    ids=["history", "log", "spool", "folder"],
)
def test_state_is_closed_to_others_whatever_creates_it_first(first, config: Config) -> None:  # type: ignore[no-untyped-def]
    first(config)
    assert open_to_others(config.folder) == []


def test_what_an_earlier_version_left_open_is_closed(config: Config) -> None:
    state = config.folder / ".firstbell"
    state.mkdir(mode=0o755)
    for name in ("history.db", "history.db-wal", "worker.log", "log.jsonl", "rehearsal.log"):
        (state / name).touch(mode=0o644)
    open_state_folder(config)
    assert open_to_others(config.folder) == []


def test_a_large_log_is_moved_aside_and_the_last_one_kept(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "worker.log"
    for text in (b"first", b"x" * ((LOG_MIB << 20) + 1), b"new"):
        with private_log(log) as file:
            file.write(text)
    assert log.read_bytes() == b"new"
    assert log.with_name("worker.log.1").read_bytes().startswith(b"firstx")
    assert open_to_others(tmp_path / "logs") == []


def test_history_elsewhere_is_closed_too_and_its_folder_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    with closing(Database(f"sqlite:///{tmp_path}/shared/h.db")):
        assert open_to_others(tmp_path) == ["shared"]
    (tmp_path / "shared" / "h.db").chmod(0o644)
    Database(f"sqlite:///{tmp_path}/shared/h.db").close()
    assert open_to_others(tmp_path) == ["shared"]
