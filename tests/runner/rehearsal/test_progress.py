"""A rehearsal on a terminal: messages of pages and exceptions are printed as text, without markup or control codes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.theme import Theme

from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.console import STYLES
from firstbell.runner.cli.play.rehearse_checks import criteria_of
from firstbell.runner.cli.play.rehearse_progress import ConsoleProgress
from firstbell.runner.rehearsal.document import CountedRow, PersonRow, RecordRow, RehearsalDocument, RehearsalOutcome
from firstbell.runner.rehearsal.processes.protocol import ActorLeft
from firstbell.runner.rehearsal.run import conclude
from firstbell.runner.rehearsal.transcript import Transcript
from tests.support.sample_rehearsal import a_plan, a_record, a_student, a_teacher

# A closing tag that was never opened, a tag that would be swallowed, the title of the window, a screen wiped both ways.
HOSTILE = "Expected [/red] of locator('[role=button]')\x1b]0;mine\x07\x1b[2J\x9b2J"
AS_TEXT = "Expected [/red] of locator('[role=button]')"


def printed(out: io.StringIO) -> str:
    """The printed text, after a check that it holds no control character but line ends."""
    written = out.getvalue()
    assert [letter for letter in written if not (letter.isprintable() or letter == "\n")] == []
    return written


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(out: io.StringIO) -> ConsoleProgress:
    return ConsoleProgress(Console(theme=Theme(STYLES), file=out, width=400, highlight=False, emoji=False))


def hostile(record: RecordRow) -> RehearsalDocument:
    document = conclude(record, criteria_of(embedded_district()), record)
    assert document.comparison is not None
    changed = document.comparison.rows[0].model_copy(update={"change": "worse", "title": HOSTILE, "p": 0.01})
    comparison = document.comparison.model_copy(update={"said": HOSTILE, "rows": (changed,)})
    row = CountedRow(title=HOSTILE, counted=1, measured=2)
    record = record.model_copy(update={"counted": (row,)})
    return document.model_copy(update={"said": HOSTILE, "limit": HOSTILE, "comparison": comparison, "record": record})


@pytest.mark.parametrize("outcome", ["failed", "errored"])
def test_message_of_a_page_is_printed_as_text(progress: ConsoleProgress, out: io.StringIO, outcome: str) -> None:
    person = a_student(1, outcome=outcome, fails_at="joins").model_copy(update={"said": HOSTILE})
    document = hostile(a_record([a_teacher(), a_student(2), person]))
    progress.result(document)
    progress.outputs([Path("/tmp/[/x] report.html")])  # noqa: S108  # a name, and no file
    written = printed(out)
    # In the summary, the limit, the counted figure, the comparison, and the figure that got worse.
    assert written.count(AS_TEXT) >= 5
    assert "[/x] report.html" in written


def test_message_of_a_leaving_person_is_printed_as_text(progress: ConsoleProgress, out: io.StringIO) -> None:
    plan = a_plan()
    transcript = Transcript(plan.arrivals, began_s=0.0)
    with progress.playing(plan) as listener:
        transcript.begin_round()
        left = ActorLeft(actor="student 1", at_s=1.0, ending="failed", said=HOSTILE)
        transcript.record(left)
        listener(left, transcript)
    assert AS_TEXT in printed(out)


def test_missing_round_is_not_a_failure_of_the_platform(progress: ConsoleProgress, out: io.StringIO) -> None:
    people: list[PersonRow] = [a_teacher(), a_student(1)]
    document = conclude(a_record(people).model_copy(update={"rounds": 2}), criteria_of(embedded_district()), None)
    progress.result(document)
    assert document.verdict is RehearsalOutcome.LIMITED
    assert "? rounds played" in " ".join(printed(out).split())
