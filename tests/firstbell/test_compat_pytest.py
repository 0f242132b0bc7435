"""Tests that the private parts of pytest are at their known names. A failure names what an upgrade has moved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firstbell.compat.pytest import CONFIG_FILES, TerminalRepr, is_config

PLUGIN = """
import pytest
from firstbell.compat.pytest import play_item

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    rest = pytest.Function.from_parent(session, name="rest", callobj=lambda: None)
    for _ in range(3):
        play_item(session.items[0], before=rest)
    return True
"""
TEST = """
import pytest

@pytest.fixture(scope="session")
def wide():
    print("wide")

@pytest.fixture
def narrow(wide):
    print("begins")
    yield
    print("ends")

def test_one(narrow):
    print("plays")
"""


def test_item_is_played_repeatedly_with_fresh_fixtures(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    (tmp_path / "test_one.py").write_text(TEST)
    options = ["-q", "-s", "-p", "plugin", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_one.py")],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
    )
    words = [word for word in done.stdout.split() if word in {"wide", "begins", "plays", "ends"}]
    assert words == ["wide", *3 * ["begins", "plays", "ends"]], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("pytest.ini", "", True, id="an empty pytest.ini"),
        pytest.param("pyproject.toml", "[tool.pytest.ini_options]\n", True, id="a table of pytest's in pyproject"),
        pytest.param("pyproject.toml", "[tool.ruff]\n", False, id="a pyproject of somebody else's"),
        pytest.param("setup.cfg", "[tool:pytest]\n", True, id="a section of pytest's in setup.cfg"),
    ],
)
def test_configuration_files_are_recognised_as_by_pytest(tmp_path: Path, name: str, text: str, expected: bool) -> None:  # noqa: FBT001
    (tmp_path / name).write_text(text)
    assert is_config(tmp_path / name) is expected


def test_configuration_files_are_in_the_order_of_pytest() -> None:
    assert CONFIG_FILES[2:] == ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
    assert "pytest.toml" in CONFIG_FILES[:2]


def test_failure_report_keeps_its_texts_in_fields() -> None:
    try:
        raise AssertionError("the words")
    except AssertionError:
        shown = pytest.ExceptionInfo.from_current().getrepr(style="long")
    assert isinstance(shown, TerminalRepr)
    assert "the words" in repr([vars(entry) for entry, _, _ in shown.chain])  # type: ignore[union-attr]
