"""Tests a small suite as other projects write it, played by pytest and by First Bell without a change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.demo_site.library import READER, serve
from tests.end_to_end.conftest import Firstbell
from tests.support.plain_pytest import by_pytest

pytestmark = pytest.mark.browser


INI = """\
[pytest]
base_url = {url}
pythonpath = src
python_functions = check_*
addopts = --strict-markers -p no:randomly
markers =
    smoke: what has to work
"""
FILES = {
    "src/pages/__init__.py": "",
    "src/pages/catalogue.py": """
from playwright.sync_api import Page, expect

class CataloguePage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.title = page.get_by_label("Title")
        self.books = page.get_by_role("list", name="Books")

    def open(self) -> None:
        self.page.goto("/catalogue")

    def search(self, words: str) -> None:
        self.title.fill(words)
        self.page.get_by_role("button", name="Search").click()

    def expect_one(self) -> None:
        expect(self.books.get_by_role("listitem")).to_have_count(1)
""",
    "tests/e2e/conftest.py": """
import os
import pytest
from pages.catalogue import CataloguePage

@pytest.fixture
def signed_in(page):
    page.goto("/sign-in")
    page.get_by_label("Library card").fill("20001")
    page.get_by_label("PIN").fill(os.environ["LIBRARY_PIN"])
    page.get_by_role("button", name="Enter").click()
    return page

@pytest.fixture
def catalogue(signed_in):
    return CataloguePage(signed_in)
""",
    "tests/e2e/test_books.py": """
import pytest

@pytest.mark.smoke
def check_search(catalogue):
    catalogue.open()
    catalogue.search("Holes")
    catalogue.expect_one()
""",
}
CONFIG = """\
[school]
name = "Bell County"
timezone = "UTC"
practice = true
journeys = ["tests/e2e/test_books.py::check_search"]
[services.library]
owner = "Library"
url = "{url}"
[journeys.check-search]
relies_on = ["library"]
confirm = false
"""


def test_suite_with_ini_conftest_and_page_objects_runs_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, firstbell: Firstbell
) -> None:
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    with serve() as library:
        for name, text in {"pytest.ini": INI.format(url=library.url), **FILES}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(url=library.url))
        plain = by_pytest(tmp_path, "tests", "-m", "smoke")
        assert "1 passed" in plain.stdout, plain.stdout
        done = firstbell("run", "check-search", "sign-in", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    runs = {run["journey"]: run for run in json.loads(done.stdout)["runs"]}
    assert {name: run["outcome"] for name, run in runs.items()} == {"check-search": "passed", "sign-in": "passed"}
    assert {step["service"] for step in runs["check-search"]["attempts"][0]["steps"]} == {"library"}
