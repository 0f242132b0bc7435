"""The same journeys by nothing but pytest, and other people's suites that must not notice us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

JOURNEYS = Path(__file__).parents[2] / "journeys"
PLAIN = """
def test_one():
    assert True

def test_student_is_a_name_like_any_other(student):
    assert student == "theirs"
"""
THEIR_FIXTURES = """
import pytest

@pytest.fixture
def student():
    return "theirs"
"""
# What `playwright codegen --target python-pytest` writes, against a page of the test's own.
RECORDED = """
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.goto("data:text/html,<label>Name<input></label><button>Send</button>")
    page.get_by_label("Name").click()
    page.get_by_label("Name").fill("Ada")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
"""


def by_pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_journey_is_played_by_pytest_alone_with_pytest_playwrights_own_recorders(tmp_path: Path) -> None:
    done = by_pytest(tmp_path, str(JOURNEYS / "live_class.py"), "--tracing", "on", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout
    assert len(list((tmp_path / "out").rglob("trace-*.zip"))) == 2


def test_a_project_that_uses_none_of_us_notices_nothing_even_with_warnings_as_errors(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(PLAIN)
    (tmp_path / "conftest.py").write_text(THEIR_FIXTURES)
    done = by_pytest(tmp_path, "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    said = [line for line in done.stdout.splitlines() if not line.startswith(("plugins:", "rootdir:"))]
    assert "first" not in "\n".join(said).lower()
    assert not (tmp_path / ".firstbell").exists()


def test_what_codegen_writes_runs_unchanged_beside_a_configuration(tmp_path: Path) -> None:
    text = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n'
    (tmp_path / "firstbell.toml").write_text(text)
    (tmp_path / "test_recorded.py").write_text(RECORDED)
    done = by_pytest(tmp_path, "-W", "error")
    assert done.returncode == 0, done.stdout


FAILING = """
import pytest
from playwright.sync_api import expect

@pytest.mark.parametrize("word", ["one", "two"])
def test_fails(student, word):
    with student.step("opens a page", relies_on="edge"):
        student.page.goto("data:text/html,<title>A page</title><script>console.error('it is late')</script>")
    with student.step("sees a word", relies_on="platform"):
        expect.soft(student.page.get_by_text(word)).to_be_visible(timeout=200)
        expect(student.page.get_by_text(word)).to_be_visible(timeout=200)
"""


def test_a_failing_journey_reads_well_in_pytest_also_with_workers_and_warnings_as_errors(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FAILING)
    asked = ("-W", "error", "-n", "2", "-k", "two", "--tracing", "retain-on-failure")
    done = by_pytest(tmp_path, *asked)
    assert done.returncode == 1, done.stdout
    assert 'student at "sees a word" (step 2, platform)' in done.stdout
    assert "student: data:text/html" in done.stdout
    assert '"A page"' in done.stdout
    assert "console: it is late" in done.stdout
    assert "1 failed" in done.stdout
    (trace,) = (tmp_path / "test-results").rglob("trace*.zip")
    assert f"playwright show-trace {trace.relative_to(tmp_path)}" in done.stdout


HOLDS = """
def test_who_holds_what(student, teacher):
    look = "[screen.width, navigator.userAgent.includes('iPad')]"
    held = {who.name: who.page.evaluate(look) for who in (student, teacher)}
    assert held == {"student": STUDENT, "teacher": TEACHER}, held
"""
IPAD, COMPUTER = [810, True], [1280, False]


def test_a_device_of_the_command_line_is_everybodys_and_that_of_an_account_is_the_pupils(tmp_path: Path) -> None:
    (tmp_path / "test_held.py").write_text(f"STUDENT, TEACHER = {IPAD}, {IPAD}\n{HOLDS}")
    done = by_pytest(tmp_path, "-W", "error", "--device", "iPad (gen 7)")
    assert done.returncode == 0, done.stdout
    (tmp_path / "firstbell.toml").write_text(
        '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n[accounts.student]\nusername = "zz.student01"\n'
        'password = "practice:student#password"\ndevice = "iPad (gen 7)"\n'
    )
    (tmp_path / "test_held.py").write_text(f"STUDENT, TEACHER = {IPAD}, {COMPUTER}\n{HOLDS}")
    done = by_pytest(tmp_path, "-W", "error")
    assert done.returncode == 0, done.stdout


def test_a_browser_that_is_not_here_is_told_in_a_sentence_whoever_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_held.py").write_text("def test_nothing(student):\n    pass\n")
    (tmp_path / "nothing").mkdir()
    sentence = "Playwright's own webkit is not here; run: firstbell browser install webkit"
    where = {"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "nothing")}
    assert sentence in by_pytest(tmp_path, "--browser", "webkit", **where).stdout
    text = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n[browser]\nname = "webkit"\n'
    (tmp_path / "firstbell.toml").write_text(text)
    assert sentence in by_pytest(tmp_path, **where).stdout
    done = by_pytest(tmp_path, "--browser", "chromium", **where)
    assert done.returncode == 0, done.stdout
