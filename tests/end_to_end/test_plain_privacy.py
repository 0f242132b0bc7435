"""Tests that plain pytest prints and keeps no stranger and no secret: in its output, in JUnit, or in a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo_site.library import READER, serve
from tests.support.plain_pytest import by_pytest

pytestmark = pytest.mark.browser

MARKS = ("-o", "markers=interrupts: as Ctrl-C does")
ALL = (
    "-W",
    "error",
    *MARKS,
    "--tracing",
    "retain-on-failure",
    "--screenshot",
    "on",
    "--output",
    "kept",
    "--showlocals",
)
WITH_JUNIT = ("--junitxml", "junit.xml", "-o", "junit_logging=all", "-rA")
# A class lists its participants on its page; the child belongs to no synthetic account.
CLASS = """<title>Ada Child is here</title><ul><li>{people}</ul><script>console.error('Ada Child waved')</script>"""
MEETING = """
import logging
import re
import pytest
from pathlib import Path
from playwright.sync_api import expect

PAGE = Path(__file__).with_name("class.html").as_uri()

def joins(student):
    with student.step("opens the class", relies_on="live-class"):
        student.page.goto(PAGE)
    with student.step("joins", relies_on="live-class"):
        student.watch_participants(student.page.locator("ul"))
        print(student.page.title())
        logging.getLogger().error(student.page.title())

def test_meets(student, request):
    request.node.user_properties.append(("seen", "Ada"))
    joins(student)

def test_expects(student):
    with student.step("sees nobody", relies_on="live-class"):
        student.page.goto(PAGE)
        student.watch_participants(student.page.locator("ul"))
        seen = student.page.title()
        expect(student.page.locator("ul")).to_have_text(re.compile("Ada Child.*Zz"), timeout=200)
        assert seen == "none"

def test_notices_at_the_end(student):
    student.page.goto(PAGE)
    student.watch_participants(student.page.locator("ul"))

@pytest.mark.interrupts
def test_is_interrupted(student):
    student.page.goto(PAGE)
    student.watch_participants(student.page.locator("ul"))
    raise KeyboardInterrupt

def test_alone(student):
    with student.step("waits", relies_on="live-class"):
        student.page.set_content("<title>An empty room</title>")
        assert student.page.title() == "A class"
"""


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "with two workers"])
def test_stranger_is_neither_printed_nor_kept_and_other_tests_are(tmp_path: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "class.html").write_text(CLASS.format(people="Ada Child"))
    (tmp_path / "test_meeting.py").write_text(MEETING)
    done = by_pytest(tmp_path, *ALL, *WITH_JUNIT, "-m", "not interrupts", *more)
    assert done.returncode == 1, done.stdout
    output = done.stdout + done.stderr + (tmp_path / "junit.xml").read_text()
    assert "Ada" not in output, output
    assert 'student at "joins" (step 2, live-class)' in done.stdout
    assert "privacy: a person who was not expected came into the class" in done.stdout
    assert done.stdout.count("nothing that pytest-playwright recorded of this test was kept") == 3
    assert "An empty room" in done.stdout
    kept = sorted(file.relative_to(tmp_path / "kept") for file in (tmp_path / "kept").rglob("*") if file.is_file())
    assert [file.parent.name.rpartition("py-")[2] for file in kept] == ["test-alone-chromium"] * 2
    assert (tmp_path / "junit.xml").read_text().count("playwright_") == 2


def test_interrupted_test_keeps_nothing_of_a_stranger(tmp_path: Path) -> None:
    (tmp_path / "class.html").write_text(CLASS.format(people="Ada Child"))
    (tmp_path / "test_meeting.py").write_text(MEETING)
    done = by_pytest(tmp_path, *ALL, "-m", "interrupts")
    assert done.returncode == 2, done.stdout
    assert not list((tmp_path / "kept").rglob("*"))


CONFIG = """\
[school]
name = "Bell County"
timezone = "UTC"
[services.library]
owner = "Library"
url = "{url}"
[accounts.student]
username = "20001"
password = "env:LIBRARY_PIN"
[accounts.teacher]
username = "20002"
password = "env:NOBODY_HAS_SET_THIS"
"""
TYPING = r"""
import pytest

TITLE = "\x1b]0;owned\x07\x1b[31m\u202eA page\x1b[0m" + "!" * 2000

@pytest.fixture
def signed_in(student):
    raise AssertionError(f"typed {student.account.password.reveal()}\x1b[2J")

@pytest.mark.parametrize("turn", [1, 2])
def test_types(student, turn, record_property):
    pin = student.account.password.reveal()
    print("typed", pin)
    record_property("typed", pin)
    with student.step("types", relies_on="library"):
        student.page.goto("/sign-in?pwd=swordfish-1#access_token=swordfish-2")
        student.page.evaluate("title => { document.title = title; console.error(title) }", TITLE)
        student.page.get_by_label("PIN").evaluate("field => field.disabled = true")
        student.page.get_by_label("PIN").fill(pin, timeout=200)

def test_is_prepared(signed_in):
    pass

def test_goes_where_nobody_answers(student):
    student.page.goto("http://127.0.0.1:1/#access_token=swordfish-3")
"""


def test_output_and_junit_have_no_secrets_or_control_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    (tmp_path / "test_typing.py").write_text(TYPING)
    with serve() as library:
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(url=library.url))
        asked = ("--base-url", library.url, "-n", "2", "--tb", "long", "--showlocals", "--color", "no")
        done = by_pytest(tmp_path, *WITH_JUNIT, *asked)
    assert "3 failed, 1 error" in done.stdout, done.stdout
    output = done.stdout + done.stderr + (tmp_path / "junit.xml").read_text()
    assert READER.pin not in output
    # The source of a test is the test's own; what a page and a browser say is not.
    output = "\n".join(line for line in output.splitlines() if "goto(" not in line)
    assert "swordfish" not in output, output
    assert f"student: {library.url}/sign-in   " in output
    assert 'fill("***")' in output
    assert "typed ***" in output
    assert not [letter for letter in output if not letter.isprintable() and letter not in "\n\t"]
    assert "#x1B" not in output
    console = [line for line in done.stdout.splitlines() if "console: " in line]
    assert console
    assert max(map(len, console)) < 250
