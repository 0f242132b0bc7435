"""Tests that were written for pytest alone, scheduled and played by First Bell without change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Firstbell = Callable[..., "subprocess.CompletedProcess[str]"]

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


def test_a_single_test_is_scheduled_and_its_neighbour_is_not_and_variants_have_names(
    firstbell: Firstbell, tmp_path: Path
) -> None:
    district(tmp_path, "Sign in")
    told = firstbell("schedule").stdout
    assert all(name in told for name in ("login", "grade-3", "grade-pre-k"))
    assert "other" not in told
    assert firstbell("run", "other").returncode == 3
    done = firstbell("run", "login", "grade-pre-k")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_test_that_fails_is_a_step_of_its_page_with_picture_trace_and_whose_it_is(
    firstbell: Firstbell, tmp_path: Path
) -> None:
    district(tmp_path, "Register")
    done = firstbell("run", "login", "--json")
    assert done.returncode == 1, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    (step,) = run["attempts"][0]["steps"]
    assert (step["actor"], step["title"], step["service"], step["ending"]) == ("page", "login", "library", "failed")
    kinds = {artifact["kind"] for artifact in run["artifacts"]}
    assert {"screenshot", "trace"} <= kinds
    assert run["broke"]["owner"] == "Library"
