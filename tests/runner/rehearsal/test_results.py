"""Results of a rehearsal: page, JUnit XML, stored JSON and evidence."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import click
import pytest
import xmlschema

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.runner.cli.play.rehearse import rehearse_
from firstbell.runner.cli.play.rehearse_outputs import write_outputs
from firstbell.runner.rehearsal.criteria import Criteria
from firstbell.runner.rehearsal.document import CountedRow, PersonRow, RehearsalDocument, RehearsalOutcome
from firstbell.runner.rehearsal.results.failure_evidence import FailureEvidenceSettings, keep_evidence
from firstbell.runner.rehearsal.results.junit import junit
from firstbell.runner.rehearsal.results.report import report_page
from firstbell.runner.rehearsal.results.store import RehearsalStore
from firstbell.runner.rehearsal.results.svg_plots import round_up
from firstbell.runner.rehearsal.run import conclude, redact_private_people
from tests.support.sample_rehearsal import a_record, a_student, a_teacher

SCHEMA = Path(__file__).parents[2] / "support" / "junit.xsd"
CRITERIA = Criteria(success=1.0, steps_s={"signs in": 5.0}, latency_ms=400.0, frames_per_s=8.0)
PEOPLE = (
    a_teacher(),
    *(a_student(number) for number in range(1, 4)),
    a_student(4, outcome="failed", fails_at="joins"),
    a_student(5, outcome="errored", fails_at="signs in"),
)


def concluded_of(people: tuple[PersonRow, ...] = PEOPLE) -> RehearsalDocument:
    return conclude(a_record(people), CRITERIA, a_record([a_teacher(), *(a_student(n) for n in range(6))]))


def test_junit_is_valid_and_counts_are_right() -> None:
    written = junit(concluded_of())
    schema = xmlschema.XMLSchema(SCHEMA)
    schema.validate(ET.fromstring(written))  # noqa: S314  # written by us
    root = ET.fromstring(written)  # noqa: S314  # written by us
    criteria, people = root.findall("testsuite")
    assert criteria.attrib.items() >= {("tests", "8"), ("failures", "1"), ("errors", "0")}
    assert people.attrib.items() >= {("tests", "6"), ("failures", "1"), ("errors", "1")}
    assert [case.get("name") for case in people if case.find("failure") is not None] == ["student 4"]


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        pytest.param(b"testcase", b"case", id="an unknown element"),
        pytest.param(b' tests="6" failures="1" errors="1"', b' failures="1" errors="1"', id="a count that is missing"),
        pytest.param(b' tests="6"', b' tests="six"', id="a count that is no number"),
        pytest.param(b"<testsuites ", b'<testsuites skipped="0" ', id="an unknown attribute"),
        pytest.param(b'<failure message="', b'<failure what="', id="a failure without a message"),
    ],
)
def test_junit_schema_refuses_invalid_xml(written: bytes, broken: bytes) -> None:
    text = junit(concluded_of())
    assert written in text
    root = ET.fromstring(text.replace(written, broken))  # noqa: S314  # written by us
    assert not xmlschema.XMLSchema(SCHEMA).is_valid(root)


def test_missed_criterion_without_a_result_is_an_error_not_a_failure() -> None:
    document = concluded_of().model_copy(update={"verdict": RehearsalOutcome.LIMITED})
    criteria = ET.fromstring(junit(document)).find("testsuite")  # noqa: S314  # written by us
    assert criteria is not None
    assert (criteria.get("failures"), criteria.get("errors")) == ("0", "1")


def test_page_shows_outcome_and_reasons() -> None:
    page = report_page(concluded_of(), CRITERIA, ZoneInfo("America/New_York"))
    assert "No-go" in page
    assert "Students who saw and heard the teacher: 3 of 4, 1 not judged, required 100%" in page
    assert "Bayfront &lt;County&gt; &amp; Co" in page
    assert "08:00:00 EST" in page
    assert "Mann-Whitney U" in page
    assert page.count("<svg") == 4


def test_missing_rounds_are_shown_everywhere_as_an_error() -> None:
    record = a_record([a_teacher(), *(a_student(number) for number in range(3))])
    document = conclude(record.model_copy(update={"rounds": 3}), CRITERIA, None)
    page = report_page(document, CRITERIA, ZoneInfo("UTC"))
    assert "No result: rounds played: 1 of 3" in page
    case = ET.fromstring(junit(document)).find("testsuite/testcase[@name='rounds played']")  # noqa: S314  # ours
    assert case is not None
    error = case.find("error")
    assert error is not None
    assert error.get("message") == "1 of 3, required 3"
    rows = {row["title"]: row for row in document.model_dump(mode="json")["criteria"]}
    assert (rows["rounds played"]["measured"], rows["rounds played"]["is_met"]) == ("1 of 3", False)


def test_figure_that_differs_from_the_schools_is_shown_and_an_error() -> None:
    record = a_record([a_teacher(), *(a_student(number) for number in range(3))])
    contradicted = (CountedRow(title="joins", counted=7, measured=4),)
    document = conclude(record.model_copy(update={"counted": contradicted}), CRITERIA, None)
    said = "joins 4, counted by the school 7"
    assert f"No result: figures that match the practice school&#39;s: {said}" in report_page(
        document, CRITERIA, ZoneInfo("UTC")
    )
    errors = ET.fromstring(junit(document)).findall("testsuite/testcase/error")  # noqa: S314  # ours
    assert [error.get("message") for error in errors] == [f"{said}, required all"]


def test_page_renders_without_any_student() -> None:
    never = PersonRow(round=1, actor="student 1", role="student", outcome="failed", said="did not join")
    page = report_page(concluded_of((a_teacher(outcome="failed"), never)), CRITERIA, ZoneInfo("UTC"))
    assert "No student got there." in page


def test_latest_rehearsal_of_a_journey_is_found(tmp_path: Path) -> None:
    store = RehearsalStore(tmp_path / "rehearsals")
    assert store.latest("live-class") is None
    for number, journey in (("1", "live-class"), ("2", "live-class"), ("3", "meeting")):
        document = concluded_of()
        store.keep(
            document.model_copy(
                update={"record": document.record.model_copy(update={"id": number, "journey": journey})}
            )
        )
    (tmp_path / "rehearsals" / "9.json").write_text("torn")
    found = store.latest("live-class")
    assert found is not None
    assert found.id == "2"


def test_page_shows_pictures_of_failures_and_their_folder() -> None:
    kept = ("attempt-1/student-4/04-joins-failed.jpg", "attempt-1/student-4/console.json")
    people = [item.model_copy(update={"kept": kept}) if item.actor == "student 4" else item for item in PEOPLE]
    document = concluded_of(tuple(people))
    page = report_page(document, CRITERIA, ZoneInfo("UTC"), {kept[0]: b"\xff\xd8 a picture"})
    assert page.count("<img ") == page.count('src="data:image/jpeg;base64,/9gg') == 1
    assert f".firstbell/rehearsals/{document.record.id}/" in page
    assert kept[1] in page
    assert b"kept: attempt-1/student-4/console.json" in junit(document)
    assert "<img " not in report_page(document, CRITERIA, ZoneInfo("UTC"))


def kept_of(folder: Path) -> list[str]:
    """The files in a rehearsal's folder."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_page_names_browsers_other_than_the_usual() -> None:
    record = a_record([a_teacher(), a_student(1), a_student(2)])
    usual, ipad = record.browser, f"{record.browser} (student 2: iPad)"
    browsers = {"teacher": usual, "student 1": usual, "student 2": ipad}
    people = tuple(person.model_copy(update={"played_with": browsers[person.actor]}) for person in record.people)
    page = report_page(
        conclude(record.model_copy(update={"people": people}), CRITERIA, None), CRITERIA, ZoneInfo("UTC")
    )
    assert page.count("played with ") == page.count(f"played with {ipad}") == 1


def test_evidence_of_a_round_with_an_unknown_person_is_deleted(tmp_path: Path) -> None:
    def failed(number: int, round_: int, *, is_private: bool = False) -> PersonRow:
        found = a_student(number, outcome="failed", fails_at="joins", is_private=is_private)
        return found.model_copy(update={"round": round_, "kept": (f"attempt-{round_}/student-{number}/04.jpg",)})

    people = [failed(1, 1), failed(2, 1, is_private=True), failed(1, 2)]
    # Written by a process that was killed before reporting it, and a file that could not be redacted.
    unreported = ("attempt-1/student-3/04.jpg", "quarantine/attempt-1/student-1/console.json")
    others = ("attempt-2/student-1/04.jpg", "quarantine/attempt-2/student-1/console.json")
    for name in {*(person.kept[0] for person in people), *unreported, *others}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"a picture")
    assert [item.kept for item in redact_private_people(people, tmp_path)] == [(), (), (others[0],)]
    assert kept_of(tmp_path) == list(others)


def test_quarantine_is_deleted_with_its_rehearsal(tmp_path: Path) -> None:
    raw, folder = tmp_path / "raw", tmp_path / "rehearsals"
    name = "attempt-1/student-1/console.json"
    (raw / name).parent.mkdir(parents=True)
    (raw / name).write_text("torn {")
    settings = FailureEvidenceSettings(folder=folder / "r0", mask=(), known=KnownSecrets(["correct horse"]))
    torn = Artifact(kind=ArtifactKind.CONSOLE, name=name, actor="student 1")
    assert keep_evidence([torn], raw, settings) == ()
    assert kept_of(folder) == [f"r0/quarantine/{name}"]
    document = concluded_of()
    for number in range(6):
        record = document.record.model_copy(update={"id": f"r{number}"})
        (folder / f"r{number}").mkdir(exist_ok=True)
        RehearsalStore(folder).keep(document.model_copy(update={"record": record}))
    assert sorted(item.name for item in folder.iterdir() if item.is_dir()) == [f"r{n}" for n in range(1, 6)]


def test_evidence_of_latest_rehearsals_and_all_figures_are_kept(tmp_path: Path) -> None:
    store, document = RehearsalStore(tmp_path), concluded_of()
    for number in range(7):
        record = document.record.model_copy(update={"id": f"r{number}"})
        (tmp_path / f"r{number}").mkdir()
        store.keep(document.model_copy(update={"record": record}))
    assert sorted(item.name for item in tmp_path.iterdir() if item.is_dir()) == [f"r{n}" for n in range(2, 7)]
    assert len(list(tmp_path.glob("*.json"))) == 7


@pytest.mark.parametrize(("value", "whole"), [(0.0, 1.0), (9.2, 10.0), (0.021, 0.03), (420.0, 500.0), (1.0, 1.0)])
def test_axis_ends_at_a_round_number(value: float, whole: float) -> None:
    assert round_up(value) == pytest.approx(whole)


def test_output_that_cannot_be_written_loses_only_itself(tmp_path: Path) -> None:
    document, full, cases = concluded_of(), Path("/dev/full"), tmp_path / "junit.xml"
    store = RehearsalStore(tmp_path / "rehearsals")
    written, lost = write_outputs(document, CRITERIA, ZoneInfo("UTC"), store, report=full, junit_file=cases)
    assert written == [cases, tmp_path / "rehearsals" / f"{document.record.id}.json"]
    assert lost == ["the result is final, but /dev/full could not be written: No space left on device"]


def test_unwritable_store_is_reported(tmp_path: Path) -> None:
    (tmp_path / "rehearsals").write_text("a file where the folder should be")
    store = RehearsalStore(tmp_path / "rehearsals")
    _, (said,) = write_outputs(concluded_of(), CRITERIA, ZoneInfo("UTC"), store, report=None, junit_file=None)
    assert said == "the result is final, but the record for later comparison could not be written: File exists"


@pytest.mark.parametrize("was_there", [True, False])
def test_output_path_is_tested_before_the_rehearsal(tmp_path: Path, *, was_there: bool) -> None:
    file = tmp_path / "report.html"
    if was_there:
        file.write_text("the last one")
    (option,) = [item for item in rehearse_.params if item.name == "report"]
    assert option.process_value(click.Context(rehearse_), str(file)) == file
    assert (file.read_text() if file.exists() else None) == ("the last one" if was_there else None)
    # Root may write anywhere, but not through a loop of symbolic links.
    (tmp_path / "here").symlink_to(tmp_path / "there")
    (tmp_path / "there").symlink_to(tmp_path / "here")
    with pytest.raises(click.BadParameter, match="here cannot be written: Too many levels of symbolic links"):
        option.process_value(click.Context(rehearse_), str(tmp_path / "here"))
