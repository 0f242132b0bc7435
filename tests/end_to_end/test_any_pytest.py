"""Tests that tests written for pytest alone are scheduled and played by First Bell without change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Firstbell

pytestmark = pytest.mark.browser


CONFIG = """\
[school]
name = "P"
timezone = "UTC"
practice = true
journeys = ["tests/e2e/test_login.py::test_login", "mine"]

[services.library]
owner = "Library"
url = "http://localhost:1"

[journeys.login]
relies_on = ["library"]
confirm = false
"""
THEIRS = """\
from playwright.sync_api import Page, expect


def test_login(page: Page) -> None:
    page.goto("data:text/html,<title>T</title><button>{button}</button>")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=500)


def test_other(page: Page) -> None:
    pass
"""
OURS = """\
import pytest


@pytest.mark.parametrize("grade", ["3", "Pre-K"])
@pytest.mark.journey("grade", relies_on=["library"])
def test_grade(page, grade):
    page.set_content(grade)
"""


def district(tmp_path: Path, button: str) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    (tmp_path / "tests" / "e2e" / "test_login.py").write_text(THEIRS.format(button=button))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test_grade.py").write_text(OURS)


def test_single_test_is_scheduled_without_its_neighbours(firstbell: Firstbell, tmp_path: Path) -> None:
    district(tmp_path, "Sign in")
    output = firstbell("schedule").stdout
    assert all(name in output for name in ("login", "grade-3", "grade-pre-k"))
    assert "other" not in output
    assert firstbell("run", "other").returncode == 3
    done = firstbell("run", "login", "grade-pre-k")
    assert done.returncode == 0, done.stdout + done.stderr


def test_failing_test_has_steps_picture_trace_and_service(firstbell: Firstbell, tmp_path: Path) -> None:
    district(tmp_path, "Register")
    done = firstbell("run", "login", "--json")
    assert done.returncode == 1, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    steps = run["attempts"][0]["steps"]
    assert [(step["actor"], step["title"], step["service"], step["ending"]) for step in steps] == [
        ("page", "goes to data:text/html", "library", None),
        ("page", 'expects get_by_role("button", name="Sign in") to be visible', "library", "failed"),
    ]
    kinds = {artifact["kind"] for artifact in run["artifacts"]}
    assert {"screenshot", "trace"} <= kinds
    assert [artifact["step"] for artifact in run["artifacts"] if artifact["kind"] == "screenshot"] == [2]
    assert (run["broke"]["step"], run["broke"]["owner"]) == (steps[1]["title"], ""), (
        "it has never passed: none is blamed"
    )


# Each method of opening a page, and each point at which such a test can fail.
WAYS = """
import pytest
from playwright.sync_api import TimeoutError, expect

PAGE = "data:text/html,<title>T</title><label>PIN<input></label><button>Go</button>"

@pytest.fixture
def prepared(page):
    page.goto(PAGE)
    page.get_by_role("button", name="No").click(timeout=200)

@pytest.fixture(scope="session")
def lasting(browser):
    context = browser.new_context()
    context.new_page().goto(PAGE)
    yield context
    context.close()

def test_context(context):
    page = context.new_page()
    page.goto(PAGE)
    page.get_by_label("PIN").fill("swordfish-7")
    assert page.title() == "not this"

def test_new_context(new_context):
    one, two = new_context().new_page(), new_context().new_page()
    one.goto(PAGE)
    two.goto(PAGE + "<p>two")
    two.get_by_role("button", name="No").click(timeout=200)

def test_browser(browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(PAGE)
        page.get_by_role("button", name="No").click(timeout=200)

def test_setup(prepared):
    pass

def test_lasting(lasting):
    lasting.pages[0].get_by_role("button", name="Go").click()
    raise AssertionError("its own")

def test_lasting_again(lasting):
    lasting.pages[0].get_by_role("button", name="No").click(timeout=200)

def test_caught(page):
    page.goto(PAGE)
    try:
        page.get_by_role("button", name="No").click(timeout=200)
    except TimeoutError:
        page.get_by_role("button", name="Go").click()

def test_soft(page):
    page.goto(PAGE)
    expect.soft(page.get_by_text("nowhere")).to_be_visible(timeout=200)
    page.get_by_role("button", name="Go").click()

def test_many(page):
    page.goto(PAGE)
    for n in range(80):
        page.locator(f"button, .b{n}").click()

def test_without_a_browser():
    raise KeyError("nothing was asked")

def test_skips(page):
    page.goto(PAGE)
    pytest.skip("not today")
"""
NO = 'clicks get_by_role("button", name="No")'
GO = 'clicks get_by_role("button", name="Go")'
OPENS = "goes to data:text/html"
FAILED = {
    "context": ([OPENS, 'fills get_by_label("PIN")'], "context", "failed", 1),
    "new-context": ([OPENS], NO, "failed", 2),
    "browser": ([OPENS], NO, "failed", 1),
    "setup": ([OPENS], NO, "failed", 1),
    "lasting": ([OPENS, GO], "lasting", "failed", 1),
    "lasting-again": ([], NO, "failed", 1),
    "without-a-browser": ([], "without a browser", "errored", 0),
}


def test_steps_and_picture_exist_however_a_test_gets_its_page(firstbell: Firstbell, tmp_path: Path) -> None:
    names = [line.partition("(")[0].removeprefix("def test_") for line in WAYS.splitlines() if "def test_" in line]
    ids = [name.replace("_", "-") for name in names]
    sections = "".join(f'[journeys.{one}]\nrelies_on = ["library"]\nconfirm = false\n' for one in ids)
    config = CONFIG.partition("[journeys")[0].replace('"tests/e2e/test_login.py::test_login", "mine"', '"test_ways.py"')
    (tmp_path / "firstbell.toml").write_text(config + sections)
    (tmp_path / "test_ways.py").write_text(WAYS)
    output = firstbell("run", *ids, "--json").stdout
    assert "swordfish" not in output
    runs: dict[str, dict[str, Any]] = {run["journey"]: run for run in json.loads(output)["runs"]}
    for name, (before, failing, ending, pictures) in FAILED.items():
        steps = runs[name]["attempts"][0]["steps"]
        assert [step["title"] for step in steps[:-1] if step["title"] != failing] == before, name
        assert (steps[-1]["title"], steps[-1]["ending"], steps[-1]["service"]) == (failing, ending, "library"), name
        shots = [artifact for artifact in runs[name]["artifacts"] if artifact["kind"] == "screenshot"]
        assert len([shot for shot in shots if not shot["missing"]]) == pictures, (name, shots)
    outcomes = {name: run["outcome"] for name, run in runs.items() if name not in FAILED}
    assert outcomes == {"caught": "passed", "soft": "failed", "many": "passed", "skips": "skipped"}
    assert runs["soft"]["broke"]["step"] == 'expects get_by_text("nowhere") to be visible'
    assert [step["title"] for step in runs["caught"]["attempts"][0]["steps"]] == [OPENS, NO, GO]
    many = [step["title"] for step in runs["many"]["attempts"][0]["steps"]]
    assert (len(many), many[-1]) == (60, "and what comes after")
