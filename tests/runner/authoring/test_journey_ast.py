"""Static reading of a journey file: services, roles, unnamed steps, secrets, unmarked tests."""

from __future__ import annotations

import pytest

from firstbell.runner.authoring.journey_ast import read_journeys

JOURNEY = """
import pytest

@pytest.mark.journey("maths", relies_on=["edge"])
def test_maths(student, actor):
    {line}
"""
STEP = 'with student.step("looks", relies_on="edge"):\n        '


@pytest.mark.parametrize(
    ("line", "has_title", "title", "service"),
    [
        pytest.param('student.step("signs in", relies_on="sign-in")', True, "signs in", "sign-in", id="a step"),
        pytest.param('student.step("", relies_on="edge")', True, "", "edge", id="an empty name"),
        pytest.param('student.step(relies_on="edge")', False, None, "edge", id="no name"),
        pytest.param('student.step(title="waits", relies_on=here)', True, "waits", None, id="by keyword"),
        pytest.param(
            'student.step(f"opens {x}", relies_on="edge")', True, None, "edge", id="a name made up on the way"
        ),
    ],
)
def test_title_and_service_of_a_step_are_read(
    line: str, *, has_title: bool, title: str | None, service: str | None
) -> None:
    (step,) = read_journeys(JOURNEY.format(line=line)).steps
    assert (step.has_title, step.title, step.service, step.line) == (has_title, title, service, 6)


def test_steps_of_other_objects_are_ignored() -> None:
    assert read_journeys(JOURNEY.format(line='optimizer.step("x")')).steps == ()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param('student.page.get_by_label("Password").fill("hunter2")', "Password", id="by its label"),
        pytest.param('student.page.fill("#passwd", "hunter2")', "#passwd", id="by a selector"),
        pytest.param(
            'student.page.get_by_role("textbox", name="One-time code").fill("1")', "One-time code", id="a code"
        ),
        pytest.param('student.page.get_by_label("Password").fill(student.account.password.reveal())', None, id="asked"),
        pytest.param('student.page.get_by_label("Password").fill("")', None, id="emptied"),
        pytest.param('student.page.get_by_label("Search").fill("password")', None, id="a word that is searched for"),
        pytest.param('expect(student.page.get_by_text("Password")).to_have_text("Password")', None, id="looked at"),
    ],
)
def test_literal_secret_is_found_by_its_field(line: str, found: str | None) -> None:
    assert [field for _, field in read_journeys(JOURNEY.format(line=line)).secrets] == ([found] if found else [])


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param('field = page.locator("#passwd")\nfield.fill("hunter2")', 2, id="a named field"),
        pytest.param('class P:\n  def f(self):\n    self.password.fill("hunter2")', 3, id="by name"),
        pytest.param('PW = "hunter2"\npage.get_by_label("Password").fill(PW)', 1, id="a named text"),
        pytest.param('page.get_by_label("Password").fill(value="hunter2")', 1, id="by keyword"),
        pytest.param('def login(page, user, password): ...\nlogin(page, "zz", "hunter2")', 2, id="handed over"),
        pytest.param('class P:\n  def login(self, password): ...\nP().login("hunter2")', 3, id="to a method"),
        pytest.param('login(password="hunter2")', 1, id="to a function elsewhere"),
        pytest.param('def http_credentials():\n  return {"user": "zz", "password": "hunter2"}', 2, id="table"),
        pytest.param('def login(page, *, pwd="hunter2"): ...', 1, id="a default"),
        pytest.param('def login(page, password="hunter2"): ...', 1, id="a default by place"),
        pytest.param('STUDENT_PASSWORD: str = "hunter2"', 1, id="a constant"),
        pytest.param('SERVICE_PIN = "8214"', 1, id="digits"),
    ],
)  # fmt: skip
def test_secret_in_clear_is_found_wherever_it_stands(source: str, line: int) -> None:
    assert [found for found, _ in read_journeys(source).secrets] == [line]


@pytest.mark.parametrize(
    "source",
    [
        'PASSWORD_FIELD = "#password"',
        'PASSWORD = "Password"',
        'password = page.get_by_label("Password")',
        'password = os.environ["STUDENT_PASSWORD"]',
        'SELECTORS = {"password": "input[type=password]", "user": "#user"}',
        'config = {"password": "env:STUDENT_PASSWORD"}',
        'page.get_by_label("Password").fill("a wrong one")',
        'self.password_page.search.fill("math")',
        'login(page, password=student.account.password.reveal())',
        'compass = "north"',
        'expect(page.get_by_label("Password")).to_have_value("")',
    ],
)  # fmt: skip
def test_words_about_passwords_are_no_passwords(source: str) -> None:
    assert read_journeys(source).secrets == ()


@pytest.mark.parametrize(
    ("head", "step", "trusts"),
    [
        pytest.param("", 'student.page.goto("/")', True, id="expects nothing"),
        pytest.param("", "expect(student.page).to_have_title('x')", False, id="expects"),
        pytest.param("from pages.portal import Portal", "Portal(student.page).open()", False, id="a page object"),
        pytest.param("from .helpers import opens", "opens(student)", False, id="a helper beside it"),
        pytest.param("import json", "json.loads('1')", True, id="the standard library"),
    ],
)
def test_a_test_passes_on_an_empty_page_only_if_all_of_it_is_known(head: str, step: str, *, trusts: bool) -> None:
    source = f"{head}\ndef test_x(student):\n    with student.step('a', relies_on='b'):\n        {step}\n"
    assert bool(read_journeys(source).trusting) is trusts


def test_roles_are_read_from_calls_of_actor() -> None:
    assert read_journeys(JOURNEY.format(line='actor("counselor"); actor(role)')).roles == ((6, "counselor"),)


def test_unmarked_test_is_reported_unless_the_module_is_marked() -> None:
    plain = "def test_plain(page):\n    pass\n"
    assert read_journeys(plain).unmarked == ((1, "test_plain"),)
    assert read_journeys('pytestmark = pytest.mark.journey("x")\n' + plain).unmarked == ()


@pytest.mark.parametrize(
    ("line", "is_trusting"),
    [
        pytest.param('student.page.get_by_text("Go").click()', True, id="nothing"),
        pytest.param('expect(student.page.get_by_text("Go")).to_be_visible()', False, id="Playwright's own"),
        pytest.param("expect.soft(student.page).to_have_title('x')", False, id="a soft one"),
        pytest.param("student.expect_to_see_and_hear(teacher)", False, id="ours"),
        pytest.param("assert student.page.title()", False, id="Python's"),
        pytest.param("student.page.get_by_text('Go').wait_for()", False, id="waited for"),
        pytest.param("sees_maths(student)", False, id="by a function of the file"),
        pytest.param("unexpected(student)", True, id="by a word that only has it inside"),
    ],
)
def test_journey_that_expects_nothing_is_found(line: str, *, is_trusting: bool) -> None:
    helper = "\ndef sees_maths(student):\n    expect(student.page).to_have_title('Maths')\n"
    read = read_journeys(JOURNEY.format(line=STEP + line) + helper)
    assert read.trusting == (((5, "test_maths"),) if is_trusting else ())
    assert read_journeys(JOURNEY.format(line="pass")).trusting == ()


@pytest.mark.parametrize(
    ("line", "is_unwatched"),
    [
        ("student.expect_to_see_and_hear(teacher)", True),
        ("student.watch_participants(student.page.locator('ul')); student.expect_to_see_and_hear(teacher)", False),
        ("school.live_class.open(teacher, 'Maths'); student.expect_to_see_and_hear(teacher)", False),
        ("student.page.get_by_role('list')", False),
    ],
)
def test_room_whose_participants_are_not_followed_is_found(line: str, *, is_unwatched: bool) -> None:
    assert bool(read_journeys(JOURNEY.format(line=line)).unwatched) is is_unwatched


@pytest.mark.parametrize("coded", [b"\xef\xbb\xbf", b"# coding: latin-1\n# \xe9\n"], ids=["a mark", "a cookie"])
def test_file_may_declare_its_encoding(coded: bytes) -> None:
    assert [name for _, name in read_journeys(coded + JOURNEY.format(line="pass").encode()).journeys] == ["maths"]


def test_page_snapshot_is_found() -> None:
    line = 'expect(student.page.get_by_role("main")).to_match_aria_snapshot("- main")'
    assert read_journeys(JOURNEY.format(line=line)).snapshots == (6,)
