"""The morning as a picture and as text, from records that are made up: well formed, in bounds, and nobody's markup."""

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


def played(scene: MorningPhase) -> PhaseRecord:
    """A scene as it should go."""
    record = PhaseRecord(scene=scene, lasted_s=60.0)
    for number, (journey, location) in enumerate(scene.plays):
        is_broken = bool(scene.blamed) and journey != "plan-b" and (scene.blamed, location) != ("edge", SCHOOL_LOCATION)
        record.played.append(
            PlayedRun(
                journey=journey,
                location=location,
                at_s=10.0 * (number + 1),
                outcome=FAILED if is_broken else PASSED,
                service=scene.blamed if is_broken else "",
                said=f"{scene.blamed}: it works inside the district and not from outside" if is_broken else "",
            )
        )
    if scene.blamed:
        record.heard.append(
            ReceivedAlarm(kind="opened", subject="[critical] The class list is empty (platform)", at_s=31.0)
        )
        record.parents = "The class list cannot be opened.\nPlan B works: https://meet.example/" + "x" * 80
    return record


def hostile() -> PhaseRecord:
    record = PhaseRecord(
        scene=MorningPhase(clock="7:45", title=EVIL, plays=(), breaks="x", blamed="edge"), lasted_s=0.0
    )
    record.played.append(
        PlayedRun(journey="plan-b", location=HOME_LOCATION, at_s=5.0, outcome=FAILED, service="edge", said=EVIL)
    )
    record.heard.append(ReceivedAlarm(kind="closed", subject=EVIL, at_s=1.0))
    record.parents = f"{EVIL}\n{EVIL}"
    return record


MADE_UP = [
    pytest.param([played(scene) for scene in MORNING], id="as it should go"),
    pytest.param([*(played(scene) for scene in MORNING[:4]), hostile()], id="hostile"),
]


@pytest.mark.parametrize("records", MADE_UP)
def test_the_picture_is_well_formed_and_holds_no_markup_of_others(records: list[PhaseRecord]) -> None:
    root = ElementTree.fromstring(draw(records, EVIL))  # noqa: S314  # our own picture
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {"svg", "style", "rect", "text", "line", "circle", "path", "title"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    assert len(root.findall(f"{SVG}circle")) == sum(len(record.played) for record in records)


@pytest.mark.parametrize("records", MADE_UP)
def test_nothing_runs_out_of_its_column_or_of_the_picture(records: list[PhaseRecord]) -> None:
    root = ElementTree.fromstring(draw(records, "Bayfront"))  # noqa: S314  # our own picture
    height = float(root.attrib["height"])
    columns = [(float(one.attrib["x"]), float(one.attrib["width"])) for one in root.findall(f"{SVG}rect")[1:]]
    for text in root.findall(f"{SVG}text"):
        assert float(text.attrib["y"]) < height, text.text
        x, words = float(text.attrib["x"]), text.text or ""
        ends = [left + width for left, width in columns if left <= x < left + width]
        edge = ends[0] if ends else columns[0][0] if text.attrib.get("class") == "label" else math.inf
        assert x + LETTER * len(words) <= edge, words
    dots = [float(dot.attrib["cx"]) for dot in root.findall(f"{SVG}circle")]
    assert all(any(left + 7 <= x <= left + width - 7 for left, width in columns) for x in dots)


def test_what_failed_is_crossed_and_only_what_opened_is_red() -> None:
    drawn = draw([played(MORNING[1]), hostile()], "Bayfront")
    assert drawn.count("<path ") == 2, "the class list from home, and plan B"
    alarms = re.findall(r'<text class="alarm"[^>]*>([^<]*)<', drawn)
    assert " ".join(alarms) == "+31 s [critical] The class list is empty (platform)"


def test_each_scene_is_told_in_lines() -> None:
    told = [line for line, _ in report_lines([played(MORNING[0]), played(MORNING[1])])]
    assert told[0] == "7:30  Everything works"
    assert told[1] == "      passed: class-list from home, class-list from school, plan-b from home"
    assert "      class-list from home: edge: it works inside the district and not from outside" in told
    assert "      + 31 s  [critical] The class list is empty (platform)" in told
    assert any(line.startswith("      parents   The class list") for line in told)


@pytest.mark.parametrize("scene", MORNING, ids=lambda scene: scene.title)
def test_a_scene_that_goes_as_it_went_is_told_so(scene: MorningPhase) -> None:
    assert played(scene).is_as_it_was


def test_an_innocent_who_is_named_an_alarm_too_many_and_one_too_few_are_not_as_it_was() -> None:
    innocent, early, silent = played(MORNING[2]), played(MORNING[0]), played(MORNING[3])
    innocent.played.append(PlayedRun(journey="plan-b", location=HOME_LOCATION, at_s=1, outcome=FAILED, service="edge"))
    early.heard.append(ReceivedAlarm(kind="opened", subject="x", at_s=1))
    silent.heard.clear()
    assert [one.is_as_it_was for one in (innocent, early, silent)] == [False, False, False]
