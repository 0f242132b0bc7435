"""The morning as picture and text, from made-up records: well formed, in bounds, free of foreign markup."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from firstbell.runner.morning.result import PhaseRecord, PlayedRun, ReceivedAlarm, report_lines
from firstbell.runner.morning.scenario import HOME_LOCATION, MORNING, SCHOOL_LOCATION, MorningPhase
from firstbell.runner.morning.timeline_svg import LETTER, draw

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '</text><script>alert(1)</script> & "\x1b[2J\x00 <' + "w" * 300
FAILED, PASSED = "failed", "passed"


def played(phase: MorningPhase) -> PhaseRecord:
    """Returns a phase as it should go."""
    record = PhaseRecord(phase=phase, lasted_s=60.0)
    for number, (journey, location) in enumerate(phase.plays):
        is_broken = bool(phase.blamed) and journey != "plan-b" and (phase.blamed, location) != ("edge", SCHOOL_LOCATION)
        record.runs.append(
            PlayedRun(
                journey=journey,
                location=location,
                at_s=10.0 * (number + 1),
                outcome=FAILED if is_broken else PASSED,
                service=phase.blamed if is_broken else "",
                diagnosis=f"{phase.blamed}: it works inside the district and not from outside" if is_broken else "",
            )
        )
    if phase.blamed:
        record.alarms.append(
            ReceivedAlarm(kind="opened", subject="[critical] The class list is empty (platform)", at_s=31.0)
        )
        record.parents = "The class list cannot be opened.\nPlan B works: https://meet.example/" + "x" * 80
    return record


def hostile() -> PhaseRecord:
    record = PhaseRecord(
        phase=MorningPhase(clock="7:45", title=EVIL, plays=(), breaks="x", blamed="edge"), lasted_s=0.0
    )
    record.runs.append(
        PlayedRun(journey="plan-b", location=HOME_LOCATION, at_s=5.0, outcome=FAILED, service="edge", diagnosis=EVIL)
    )
    record.alarms.append(ReceivedAlarm(kind="closed", subject=EVIL, at_s=1.0))
    record.parents = f"{EVIL}\n{EVIL}"
    return record


RECORDS = [
    pytest.param([played(phase) for phase in MORNING], id="as it should go"),
    pytest.param([*(played(phase) for phase in MORNING[:4]), hostile()], id="hostile"),
]


@pytest.mark.parametrize("records", RECORDS)
def test_picture_is_well_formed_and_free_of_foreign_markup(records: list[PhaseRecord]) -> None:
    root = ElementTree.fromstring(draw(records, EVIL))  # noqa: S314  # our own picture
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {"svg", "style", "rect", "text", "line", "circle", "path", "title"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    assert len(root.findall(f"{SVG}circle")) == sum(len(record.runs) for record in records)


@pytest.mark.parametrize("records", RECORDS)
def test_text_and_dots_stay_inside_their_columns(records: list[PhaseRecord]) -> None:
    root = ElementTree.fromstring(draw(records, "Bayfront"))  # noqa: S314  # our own picture
    height = float(root.attrib["height"])
    columns = [(float(rect.attrib["x"]), float(rect.attrib["width"])) for rect in root.findall(f"{SVG}rect")[1:]]
    for text in root.findall(f"{SVG}text"):
        assert float(text.attrib["y"]) < height, text.text
        x, words = float(text.attrib["x"]), text.text or ""
        ends = [left + width for left, width in columns if left <= x < left + width]
        edge = ends[0] if ends else columns[0][0] if text.attrib.get("class") == "label" else math.inf
        assert x + LETTER * len(words) <= edge, words
    dots = [float(dot.attrib["cx"]) for dot in root.findall(f"{SVG}circle")]
    assert all(any(left + 7 <= x <= left + width - 7 for left, width in columns) for x in dots)


def test_failed_runs_are_crossed_and_only_opened_incidents_are_red() -> None:
    drawn = draw([played(MORNING[1]), hostile()], "Bayfront")
    assert drawn.count("<path ") == 2, "the class list from home, and plan B"
    alarms = re.findall(r'<text class="alarm"[^>]*>([^<]*)<', drawn)
    assert " ".join(alarms) == "+31 s [critical] The class list is empty (platform)"


def test_report_lists_each_phase_in_lines() -> None:
    lines = [line for line, _ in report_lines([played(MORNING[0]), played(MORNING[1])])]
    assert lines[0] == "7:30  Everything works"
    assert lines[1] == "      passed: class-list from home, class-list from school, plan-b from home"
    assert "      class-list from home: edge: it works inside the district and not from outside" in lines
    assert "      + 31 s  [critical] The class list is empty (platform)" in lines
    assert any(line.startswith("      parents   The class list") for line in lines)


@pytest.mark.parametrize("phase", MORNING, ids=lambda phase: phase.title)
def test_phase_that_goes_as_scripted_is_as_expected(phase: MorningPhase) -> None:
    assert played(phase).is_as_expected


def test_wrong_blame_and_surplus_or_missing_alarms_are_not_as_expected() -> None:
    innocent, early, silent = played(MORNING[2]), played(MORNING[0]), played(MORNING[3])
    innocent.runs.append(PlayedRun(journey="plan-b", location=HOME_LOCATION, at_s=1, outcome=FAILED, service="edge"))
    early.alarms.append(ReceivedAlarm(kind="opened", subject="x", at_s=1))
    silent.alarms.clear()
    assert [record.is_as_expected for record in (innocent, early, silent)] == [False, False, False]
