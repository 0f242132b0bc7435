"""Tests that an import by a name before `firstbell.` is explained in one sentence with file and line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser  # Each test starts a process or more.

ROOT = Path(__file__).parents[4]
OLD_IMPORT = "from journeys.stage.actor import Actor\n"
SENTENCE = "'journeys.stage.actor' is now 'firstbell.journeys.stage.actor'; change this line to import it from there"
CHECK = "import sys; sys.argv = ['firstbell', 'check']; from firstbell.runner.cli.main import main; main()"
DISTRICT = """\
[school]
name = "P"
timezone = "UTC"
practice = true
journeys = ["own"]
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a process for which First Bell is installed: the checkout is not on its path."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "firstbell").symlink_to(ROOT / "firstbell")
    (site / "sitecustomize.py").write_text(
        f"import sys\nsys.path = [path for path in sys.path if path != {str(ROOT)!r}]\n"
    )
    return {**os.environ, "PYTHONPATH": str(site)}


def run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode
    return done.stdout + done.stderr


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / "own").mkdir(exist_ok=True)
        (folder / "own" / name).write_text(text)
    return folder / "own"


FILES = [
    pytest.param({"test_own.py": f"\n{OLD_IMPORT}"}, "test_own.py:2", id="a test file"),
    pytest.param(
        {"test_own.py": "import pages\n", "pages.py": f"\n\n{OLD_IMPORT}"}, "pages.py:3", id="a file that it imports"
    ),
    pytest.param({"conftest.py": OLD_IMPORT, "test_own.py": ""}, "conftest.py:1", id="a conftest"),
]


@pytest.mark.parametrize(("files", "at"), FILES)
def test_plain_pytest_explains_an_old_import(
    tmp_path: Path, installed: dict[str, str], files: dict[str, str], at: str
) -> None:
    own = write(tmp_path, files)
    output = run(own, installed, "-m", "pytest", "-p", "no:cacheprovider")
    assert f"First Bell: {own}/{at}: {SENTENCE}" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(("files", "at"), [FILES[0], FILES[2]])
def test_check_explains_an_old_import(
    tmp_path: Path, installed: dict[str, str], files: dict[str, str], at: str
) -> None:
    own = write(tmp_path, files)
    (tmp_path / "firstbell.toml").write_text(DISTRICT)
    output = run(tmp_path, installed, "-c", CHECK)
    assert f"own/{at}" in output.replace(f"{own}/", "own/")
    assert SENTENCE in " ".join(output.split())


@pytest.mark.parametrize("name", ["journeys.pages", "runner.pages", "artifacts.pages"])
def test_packages_that_first_bell_does_not_have_are_not_renamed(
    tmp_path: Path, installed: dict[str, str], name: str
) -> None:
    own = write(tmp_path, {"test_own.py": f"import {name}\n"})
    output = run(own, installed, "-m", "pytest", "-p", "no:cacheprovider")
    assert f"No module named '{name.partition('.')[0]}'" in output
    assert "First Bell" not in output


def test_old_names_are_missing_without_the_checkout(tmp_path: Path, installed: dict[str, str]) -> None:
    assert "No module named 'journeys'" in run(tmp_path, installed, "-c", "import firstbell.journeys, journeys")
