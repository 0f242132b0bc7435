"""A rehearsal as JUnit XML: a suite for the criteria, one for each round with a case for each person."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET  # only written here, never parsed

from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.document import CriterionRow, PersonRow, RehearsalDocument, RehearsalOutcome


def junit(document: RehearsalDocument) -> bytes:
    """Renders JUnit XML. A criterion that is not met is a failure, one that could not be judged an error."""
    record = document.record
    root = ET.Element("testsuites", name=f"rehearsal of {record.journey}")
    criteria = ET.SubElement(root, "testsuite", name="criteria")
    for criterion in document.criteria:
        _criterion(criteria, criterion, is_judged=document.verdict is not RehearsalOutcome.LIMITED)
    for number in sorted({person.round for person in record.people}):
        suite = ET.SubElement(root, "testsuite", name=f"round {number}")
        for person in record.people:
            if person.round == number:
                _person(suite, person, record.journey)
    for suite in root:
        cases = suite.findall("testcase")
        suite.attrib |= _counts(cases)
        suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
        suite.set("timestamp", f"{record.began_at:%Y-%m-%dT%H:%M:%S}")
    counts = _counts(root.findall("testsuite/testcase"))
    del counts["skipped"]  # The schema that Jenkins publishes has it for a suite, and not for all of them.
    root.attrib |= counts
    root.set("time", f"{record.took_s:.3f}")
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _counts(cases: Sequence[ET.Element]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "skipped": "0",
    }


def _criterion(suite: ET.Element, criterion: CriterionRow, *, is_judged: bool) -> None:
    case = ET.SubElement(suite, "testcase", classname="rehearsal.criteria", name=criterion.title, time="0.000")
    if criterion.is_met:
        return
    is_error = criterion.is_met is None or criterion.is_own or not is_judged
    text = f"{criterion.measured}, required {criterion.wanted}"
    ET.SubElement(case, "error" if is_error else "failure", message=text, type="criterion").text = criterion.said


def _person(suite: ET.Element, person: PersonRow, journey: str) -> None:
    took_s = sum(step.took_s for step in person.steps)
    case = ET.SubElement(suite, "testcase", classname=f"rehearsal.{journey}", name=person.actor, time=f"{took_s:.3f}")
    if person.outcome != Outcome.PASSED:
        kind = "failure" if person.outcome == Outcome.FAILED else "error"
        ET.SubElement(case, kind, message=person.said, type=person.outcome).text = person.said
    kept = [f"kept: {name}" for name in person.kept]
    lines = [f"{step.at_s:8.2f} s  {step.took_s:6.2f} s  {step.title}" for step in person.steps]
    ET.SubElement(case, "system-out").text = "\n".join([*lines, *kept])
