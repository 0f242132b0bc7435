"""The last look at a journey that was made of a recording: each way in which a text can be something else."""

from __future__ import annotations

import ast

import pytest

from firstbell.runner.authoring.recording.from_codegen import InvalidRecording, journey_of
from firstbell.runner.authoring.recording.statements import JourneyRequest
from firstbell.runner.authoring.recording.verify import ExpectedJourney, verify_failure
from firstbell.runner.authoring.source_edits import meaning_of

HEAD = '"""What it proves."""\n\nimport pytest\n\n\ndef browser_context_args():\n    return {}\n\n\n'
DEF = 'def test_x(student):\n    with student.step("looks", relies_on="edge"):\n'
CLICKS = 'student.page.get_by_label("Go").click()'
JOURNEY = f"{HEAD}{DEF}        {CLICKS}\n        # ours\n"


def meaning(text: str) -> object:
    return meaning_of(ast.parse(text).body[0], {})


PROMISED = ExpectedJourney(
    meanings=[meaning(CLICKS)],
    fixtures=[meaning("def browser_context_args(): return {}")],
    comments={"# ours"},
    values={"hunter2", "me"},
    titles={"looks"},
)


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        pytest.param("", "", "", id="as it was promised"),
        pytest.param('"Go")', '"Go"', "not valid Python", id="half a line"),
        pytest.param(
            "import pytest\n", "import pytest\nprint()\n", "holds more than", id="something beside the journey"
        ),
        pytest.param(CLICKS, f"{CLICKS}; {CLICKS}", "does not do", id="done twice"),
        pytest.param(CLICKS, "pass", "does not do", id="not done"),
        pytest.param('"Go"', '"Stop"', "does not do", id="done to something else"),
        pytest.param("return {}", "return dict()", "does not do", id="other settings"),
        pytest.param("# ours", "# theirs", "comments", id="a remark of somebody else"),
        pytest.param('"looks"', '"presses hunter2"', "still holds", id="a value in a title"),
    ],
)
def test_defect_of_a_journey_is_reported(before: str, after: str, wrong: str) -> None:
    said = verify_failure(JOURNEY.replace(before, after) if before else JOURNEY, PROMISED)
    assert said == wrong or (wrong and wrong in said)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param('student.page.get_by_label("hunter2!").click()', "still holds", id="a value inside a text"),
        pytest.param('student.page.get_by_label("me").click()', "still holds", id="a short one alone"),
        pytest.param('student.page.get_by_label("Home").click()', "", id="not a short one inside a word"),
        pytest.param("__import__('os').system('x')", "uses __import__", id="a name that no recording has"),
        pytest.param("student.page.once(lambda dialog: dialog.dismiss())", "", id="a name that it gives itself"),
    ],
)
def test_dangerous_recorded_code_is_refused(line: str, wrong: str) -> None:
    promised = ExpectedJourney(meanings=[meaning(line)], values=PROMISED.values, titles=PROMISED.titles)
    said = verify_failure(f"{DEF}        {line}\n", promised)
    assert said == wrong or (wrong and wrong in said)


def test_recording_with_code_of_its_own_is_refused() -> None:
    recorded = "def test_example(page):\n    page.get_by_text(open('/etc/passwd').read()).click()\n"
    with pytest.raises(InvalidRecording, match="because the journey uses open, which recordings never use"):
        journey_of(recorded, JourneyRequest(name="x", role="student"))
