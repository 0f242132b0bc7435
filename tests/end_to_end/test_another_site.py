"""Tests a site other than the practice school, from an empty folder: init, new, edit; then the same journey by pytest,
by `firstbell run` and by `firstbell watch`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firstbell.runner.history.database import Database
from tests.demo_site.library import READER, Library, serve
from tests.end_to_end.conftest import Firstbell
from tests.support.earlier_passes import add_earlier_passes
from tests.support.plain_pytest import by_pytest, junit_properties

pytestmark = pytest.mark.browser


EXAMPLE = Path(__file__).parents[2] / "deploy" / "example"
ROOT = Path(__file__).parents[2]
JOURNEY = "borrow-a-book"
FOLDERS = 'journeys = ["my_journeys"]\n'
FIRSTBELL = "from firstbell.runner.cli.main import main; main()"


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    with serve() as library:
        yield library


@pytest.fixture
def folder(tmp_path: Path, library: Library) -> Path:
    """The example, beside a running library."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (tmp_path / "firstbell.toml").write_text(configuration(library))
    return tmp_path


def configuration(library: Library) -> str:
    text = (EXAMPLE / "firstbell.toml").read_text()
    often = 'every = "15s"\ndeadline = "15s"'
    return text.replace("http://127.0.0.1:8810", library.url).replace('every = "10m"', often)


def watched(folder: Path, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """Runs `firstbell watch` until history has enough runs, and returns them."""
    before = set(documents(folder))
    with subprocess.Popen([sys.executable, "-c", FIRSTBELL, "watch"], cwd=folder, stderr=subprocess.PIPE) as watch:
        assert watch.stderr is not None
        os.set_blocking(watch.stderr.fileno(), False)
        deadline = time.monotonic() + 60
        runs: list[dict[str, Any]] = []
        while not enough(runs) and time.monotonic() < deadline and watch.poll() is None:
            time.sleep(0.2)
            runs = [run for name, run in documents(folder).items() if name not in before]
        watch.send_signal(signal.SIGTERM)
        code = watch.wait(60)
    assert code == 0
    assert enough(runs)
    return runs


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """Returns every stored run, by its id."""
    found = [json.loads(file.read_text()) for file in (folder / "evidence" / "runs").glob("*/*/*/run.json")]
    return {run["id"]: run for run in found}


def test_journey_from_an_empty_folder_by_pytest_run_and_watch(
    firstbell: Firstbell, tmp_path: Path, library: Library
) -> None:
    assert firstbell("init").returncode == 0
    (tmp_path / "firstbell.toml").write_text(configuration(library).replace(FOLDERS, ""))
    begun = firstbell("new", JOURNEY)
    assert FOLDERS.strip() in begun.stdout, begun.stderr
    (tmp_path / "firstbell.toml").write_text(configuration(library))
    for file in (EXAMPLE / "my_journeys").glob("*.py"):
        shutil.copy(file, tmp_path / "my_journeys")
    checked = firstbell("check")
    assert (checked.returncode, "✗" in checked.stdout) == (0, False), checked.stdout

    plain = by_pytest(tmp_path, "-W", "error", "my_journeys", "--junitxml", "junit.xml")
    assert plain.returncode == 0, plain.stdout
    (properties,) = junit_properties(tmp_path / "junit.xml")
    done = firstbell("run", "--json")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    (slot, *_) = watched(tmp_path, lambda runs: len(runs) > 0)

    assert properties["firstbell_journey"] == [JOURNEY] == [run["journey"]] == [slot["journey"]]
    assert properties["firstbell_source_sha256"] == [run["source_sha256"]] == [slot["source_sha256"]]
    assert [run["outcome"], slot["outcome"]] == ["passed", "passed"]
    steps = [step["title"] for step in run["attempts"][0]["steps"]]
    assert steps == [step["title"] for step in slot["attempts"][0]["steps"]]
    assert len(properties["firstbell_step"]) == len(steps) == 5
    listed = json.loads(firstbell("runs", "--json").stdout)
    assert {run["id"], slot["id"]} <= {one["id"] for one in listed}
    assert library.at_once[READER.card] == 1


def test_broken_site_is_reported_with_step_and_service_by_all_three(
    firstbell: Firstbell, folder: Path, library: Library
) -> None:
    file = folder / "firstbell.toml"
    file.write_text(file.read_text() + "confirm = false\n\n[browser]\nstep_limit = '2s'\n")
    library.is_catalogue_down = True
    plain = by_pytest(folder, "-W", "error", "my_journeys", "--junitxml", "junit.xml", "--tracing", "retain-on-failure")
    assert plain.returncode == 1, plain.stdout
    for said in (
        'student at "finds a book" (step 3, library)',
        f"student: {library.url}/catalogue",
        "console: catalogue: no answer from shelf 3",
        "playwright show-trace test-results/",
    ):
        assert said in plain.stdout
    (properties,) = junit_properties(folder / "junit.xml")
    assert properties["firstbell_service"] == ["library"]
    assert properties["firstbell_failing_step"][0].startswith("3 student: finds a book (library) failed")
    assert (folder / properties["playwright_trace"][0]).is_file()
    new = firstbell("run", JOURNEY)
    assert (new.returncode, "Bell County Library" in new.stdout) == (1, False), new.stderr
    assert "UNDER CONSTRUCTION: it has never passed from here" in new.stdout
    database = Database(f"sqlite:///{folder}/.firstbell/history.db")
    add_earlier_passes(database, [JOURNEY], "here")
    database.close()
    output = firstbell("run", JOURNEY)
    assert output.returncode == 1, output.stderr
    assert "Bell County Library" in output.stdout
    assert "finds a book" in output.stdout
    (slot, *_) = watched(folder, lambda runs: len(runs) > 0)
    assert (slot["broke"]["step"], slot["broke"]["owner"]) == ("finds a book", "Bell County Library")


TWICE = """
import pytest

@pytest.mark.parametrize("title", ["Holes", "Hatchet", "The Giver", "Charlotte's Web"])
@pytest.mark.journey("borrow", relies_on=["library"])
def test_borrow(student, library, title):
    with student.step("borrows", relies_on="library"):
        library.enter()
        library.sign_in()
        library.find(title)
        library.borrow(title)
        library.sign_out()
"""
SECOND_ACCOUNT = """
[accounts.student-two]
role = "student"
username = "20002"
password = "env:LIBRARY_PIN_TWO"
"""


@pytest.mark.parametrize(("accounts", "cards"), [("", 1), (SECOND_ACCOUNT, 2)], ids=["one account", "two accounts"])
def test_xdist_workers_never_share_an_account(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch, accounts: str, cards: int
) -> None:
    monkeypatch.setenv("LIBRARY_PIN_TWO", "turn-the-page-8")
    (folder / "my_journeys" / "test_borrow_a_book.py").write_text(TWICE)
    with (folder / "firstbell.toml").open("a") as file:
        file.write(accounts)
    done = by_pytest(folder, "-W", "error", "my_journeys", "-n", "2", "--junitxml", "junit.xml")
    assert done.returncode == 0, done.stdout
    assert library.at_once == Counter(dict.fromkeys(("20001", "20002")[:cards], 1))
    names = [properties["firstbell_journey"][0] for properties in junit_properties(folder / "junit.xml")]
    assert sorted(names) == ["borrow-charlotte-s-web", "borrow-hatchet", "borrow-holes", "borrow-the-giver"]


def test_example_runs_as_its_first_lines_say() -> None:
    command = [sys.executable, "-m", "tests.demo_site", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as site:
        assert site.stdout is not None
        said = site.stdout.readline()
        site.send_signal(signal.SIGINT)
        assert site.wait(10) == 0
    assert f"{READER.card}, PIN {READER.pin}" in said
    first = (EXAMPLE / "firstbell.toml").read_text()
    assert "python -m tests.demo_site 8810" in first
    assert f"LIBRARY_PIN={READER.pin}" in first
