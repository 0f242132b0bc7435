"""What a rehearsal leaves for others: a page, JUnit XML, and JSON that the next rehearsal reads."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import xmlschema

from runner.rehearsal.criteria import Wanted
from runner.rehearsal.document import PersonRow, RehearsalDocument, Verdict
from runner.rehearsal.junit import junit
from runner.rehearsal.plots import round_up
from runner.rehearsal.rehearsing import concluded, without_strangers
from runner.rehearsal.report import report_page
from runner.rehearsal.shelf import Shelf
from tests.runner.a_rehearsal import a_record, a_student, a_teacher

SCHEMA = Path(__file__).parents[1] / "junit.xsd"
WANTED = Wanted(success=1.0, steps_s={"signs in": 5.0}, latency_ms=400.0, frames_per_s=8.0)
PEOPLE = (
    a_teacher(),
    *(a_student(number) for number in range(1, 4)),
    a_student(4, outcome="failed", fails_at="joins"),
    a_student(5, outcome="errored", fails_at="signs in"),
)


def concluded_of(people: tuple[PersonRow, ...] = PEOPLE) -> RehearsalDocument:
    return concluded(a_record(people), WANTED, a_record([a_teacher(), *(a_student(n) for n in range(6))]))


def test_junit_is_what_a_ci_reads_and_counts_right() -> None:
    written = junit(concluded_of())
    schema = xmlschema.XMLSchema(SCHEMA)
    schema.validate(ET.fromstring(written))  # noqa: S314  # written by us
    root = ET.fromstring(written)  # noqa: S314  # written by us
    criteria, people = root.findall("testsuite")
    assert criteria.attrib.items() >= {("tests", "6"), ("failures", "1"), ("errors", "0")}
    assert people.attrib.items() >= {("tests", "6"), ("failures", "1"), ("errors", "1")}
    assert [case.get("name") for case in people if case.find("failure") is not None] == ["student 4"]


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        pytest.param(b"testcase", b"case", id="an element that nobody knows"),
        pytest.param(b' tests="6" failures="1" errors="1"', b' failures="1" errors="1"', id="a count that is missing"),
        pytest.param(b' tests="6"', b' tests="six"', id="a count that is none"),
        pytest.param(b"<testsuites ", b'<testsuites skipped="0" ', id="an attribute that this element has not"),
        pytest.param(b'<failure message="', b'<failure what="', id="a failure that is told otherwise"),
    ],
)
def test_the_schema_refuses_what_no_ci_reads(written: bytes, broken: bytes) -> None:
    text = junit(concluded_of())
    assert written in text
    root = ET.fromstring(text.replace(written, broken))  # noqa: S314  # written by us
    assert not xmlschema.XMLSchema(SCHEMA).is_valid(root)


def test_what_the_probe_could_not_judge_is_an_error_and_no_failure() -> None:
    document = concluded_of().model_copy(update={"verdict": Verdict.LIMITED})
    criteria = ET.fromstring(junit(document)).find("testsuite")  # noqa: S314  # written by us
    assert criteria is not None
    assert (criteria.get("failures"), criteria.get("errors")) == ("0", "1")


def test_the_page_says_the_verdict_and_what_it_rests_on() -> None:
    page = report_page(concluded_of(), WANTED, ZoneInfo("America/New_York"))
    assert "No-go" in page
    assert "Students who saw and heard the teacher: 3 of 4, wanted 100%" in page
    assert "Bayfront &lt;County&gt; &amp; Co" in page
    assert "08:00:00 EST" in page
    assert "Mann-Whitney U" in page
    assert page.count("<svg") == 4


def test_the_page_stands_with_nobody_who_came() -> None:
    never = PersonRow(round=1, actor="student 1", role="student", outcome="failed", said="never came")
    page = report_page(concluded_of((a_teacher(outcome="failed"), never)), WANTED, ZoneInfo("UTC"))
    assert "Nobody came that far." in page


def test_the_next_rehearsal_finds_the_latest_of_its_journey(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "rehearsals")
    assert shelf.latest("live-class") is None
    for number, journey in (("1", "live-class"), ("2", "live-class"), ("3", "meeting")):
        document = concluded_of()
        shelf.keep(
            document.model_copy(
                update={"record": document.record.model_copy(update={"id": number, "journey": journey})}
            )
        )
    (tmp_path / "rehearsals" / "9.json").write_text("torn")
    found = shelf.latest("live-class")
    assert found is not None
    assert found.id == "2"


def test_the_page_shows_what_those_saw_last_who_failed_and_where_it_lies() -> None:
    kept = ("attempt-1/student-4/04-joins-failed.jpg", "attempt-1/student-4/console.json")
    people = [one.model_copy(update={"kept": kept}) if one.actor == "student 4" else one for one in PEOPLE]
    document = concluded_of(tuple(people))
    page = report_page(document, WANTED, ZoneInfo("UTC"), {kept[0]: b"\xff\xd8 a picture"})
    assert page.count("<img ") == page.count('src="data:image/jpeg;base64,/9gg') == 1
    assert f".firstbell/rehearsals/{document.record.id}/" in page
    assert kept[1] in page
    assert b"kept: attempt-1/student-4/console.json" in junit(document)
    assert "<img " not in report_page(document, WANTED, ZoneInfo("UTC"))


def test_nothing_is_kept_of_a_round_in_which_somebody_met_a_stranger(tmp_path: Path) -> None:
    def failed(number: int, round_: int, *, is_private: bool = False) -> PersonRow:
        found = a_student(number, outcome="failed", fails_at="joins", is_private=is_private)
        return found.model_copy(update={"round": round_, "kept": (f"{round_}-{number}.jpg",)})

    people = [failed(1, 1), failed(2, 1, is_private=True), failed(1, 2)]
    for person in people:
        (tmp_path / person.kept[0]).write_bytes(b"a picture")
    assert [one.kept for one in without_strangers(people, tmp_path)] == [(), (), ("2-1.jpg",)]
    assert [file.name for file in tmp_path.iterdir()] == ["2-1.jpg"]


def test_pictures_of_the_latest_rehearsals_stay_and_figures_of_all(tmp_path: Path) -> None:
    shelf, document = Shelf(tmp_path), concluded_of()
    for number in range(7):
        record = document.record.model_copy(update={"id": f"r{number}"})
        (tmp_path / f"r{number}").mkdir()
        shelf.keep(document.model_copy(update={"record": record}))
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_dir()) == [f"r{n}" for n in range(2, 7)]
    assert len(list(tmp_path.glob("*.json"))) == 7


@pytest.mark.parametrize(("value", "whole"), [(0.0, 1.0), (9.2, 10.0), (0.021, 0.03), (420.0, 500.0), (1.0, 1.0)])
def test_an_axis_ends_at_a_number_that_is_read_at_a_glance(value: float, whole: float) -> None:
    assert round_up(value) == pytest.approx(whole)
