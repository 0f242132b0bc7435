"""Tests the same journeys in plain pytest, and that suites of other projects do not notice First Bell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.plain_pytest import by_pytest

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


def test_plain_pytest_plays_a_journey_with_its_own_recorders(tmp_path: Path) -> None:
    done = by_pytest(tmp_path, str(JOURNEYS / "live_class.py"), "--tracing", "on", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout
    assert len(list((tmp_path / "out").rglob("trace-*.zip"))) == 2


def test_project_without_first_bell_notices_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(PLAIN)
    (tmp_path / "conftest.py").write_text(THEIR_FIXTURES)
    done = by_pytest(tmp_path, "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    said = [line for line in done.stdout.splitlines() if not line.startswith(("plugins:", "rootdir:"))]
    assert "first" not in "\n".join(said).lower()
    assert not (tmp_path / ".firstbell").exists()


def test_codegen_output_runs_unchanged_beside_a_configuration(tmp_path: Path) -> None:
    text = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n'
    (tmp_path / "firstbell.toml").write_text(text)
    (tmp_path / "test_recorded.py").write_text(RECORDED)
    done = by_pytest(tmp_path, "-W", "error")
    assert done.returncode == 0, done.stdout


def test_configuration_mistake_is_one_sentence_without_traceback(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezon = "UTC"\n')
    (tmp_path / "test_mine.py").write_text("def test_mine(student):\n    pass\n")
    done = by_pytest(tmp_path)
    assert done.returncode == 1
    assert "First Bell: " in done.stdout
    assert "firstbell.toml:3:1: school.timezon: unknown key; did you mean 'timezone'?" in done.stdout
    assert ".py:" not in done.stdout.replace("test_mine.py:", "")


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


def test_failing_journey_is_readable_also_with_xdist_and_warnings(tmp_path: Path) -> None:
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


# What pytest-playwright's documentation shows, and its own tests try.
THEIR_PATTERNS = """
import re
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

@pytest.fixture(scope="session")
def browser_context_args(browser_context_args, playwright: Playwright):
    return {**browser_context_args, "timezone_id": "Europe/Berlin", "color_scheme": "dark"}

@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "args": [*browser_type_launch_args.get("args", []), "--lang=de"]}

@pytest.fixture(autouse=True)
def before_each(page: Page):
    page.set_content("<title>Shop</title><a href='#'>Basket</a>")

def test_context_of_theirs(page: Page, context: BrowserContext):
    assert page.context is context
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Europe/Berlin"
    expect(page).to_have_title(re.compile("Shop"))

def test_a_context_more(new_context):
    other = new_context(locale="fr-FR").new_page()
    assert other.evaluate("navigator.language") == "fr-FR"

@pytest.mark.browser_context_args(user_agent="Mine")
def test_marked(page: Page):
    assert page.evaluate("navigator.userAgent") == "Mine"

@pytest.mark.skip_browser("chromium")
def test_elsewhere(page: Page):
    raise AssertionError

@pytest.mark.only_browser("chromium")
def test_here(browser_name, is_chromium, browser):
    assert browser_name == "chromium" and is_chromium and browser.is_connected()

@pytest.mark.parametrize("answer", [200, 404])
def test_routed(page: Page, answer):
    page.route("**/api", lambda route: route.fulfill(status=answer, body="{}"))
    page.route("https://shop.example/", lambda route: route.fulfill(body="<h1>Shop</h1>"))
    page.goto("https://shop.example/")
    assert page.evaluate("fetch('/api').then(answer => answer.status)") == answer

class TestBasket:
    def test_in_a_class(self, page: Page):
        with page.expect_popup() as popup:
            page.evaluate("void window.open('about:blank')")
        assert popup.value.context is page.context
"""


def test_pytest_playwright_patterns_work_beside_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    (tmp_path / "test_theirs.py").write_text(THEIR_PATTERNS)
    done = by_pytest(tmp_path, "-W", "error", "-n", "2", "--junitxml", "junit.xml")
    assert done.returncode == 0, done.stdout
    assert "7 passed, 1 skipped" in done.stdout
    assert "First Bell" not in done.stdout
    assert "firstbell" not in (tmp_path / "junit.xml").read_text()
    assert not (tmp_path / ".firstbell").exists()


HOLDS = """
def test_who_holds_what(student, teacher):
    look = "[screen.width, navigator.userAgent.includes('iPad')]"
    held = {who.name: who.page.evaluate(look) for who in (student, teacher)}
    assert held == {"student": STUDENT, "teacher": TEACHER}, held
"""
IPAD, COMPUTER = [810, True], [1280, False]


def test_command_line_device_is_for_all_and_an_account_device_for_one(tmp_path: Path) -> None:
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


def test_missing_browser_is_one_sentence_for_every_key(tmp_path: Path) -> None:
    (tmp_path / "test_held.py").write_text("def test_nothing(student):\n    pass\n")
    (tmp_path / "nothing").mkdir()
    sentence = "Playwright's own webkit is not here; run: firstbell browser install webkit"
    where = {"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "nothing")}
    assert sentence in by_pytest(tmp_path, "--browser", "webkit", within=where).stdout
    text = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n[browser]\nname = "webkit"\n'
    (tmp_path / "firstbell.toml").write_text(text)
    assert sentence in by_pytest(tmp_path, within=where).stdout
    done = by_pytest(tmp_path, "--browser", "chromium", within=where)
    assert done.returncode == 0, done.stdout
