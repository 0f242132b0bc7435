"""Checks of a journey before it is rehearsed: its people, and the steps that criteria name."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.journeys import live_class
from firstbell.runner.authoring.step_titles import StepTitles, step_titles
from firstbell.runner.cli.play.rehearse_checks import cast_of
from firstbell.runner.config.sections.rehearsal import RehearsalSection
from firstbell.runner.execution.supervision.protocol import JourneyInfo
from firstbell.runner.rehearsal.transcript import ENDS_THE_CLASS, JOINS, LEAVES, OPENS_THE_CLASS
from tests.support.sample_rehearsal import STEPS


def journey(*roles: str) -> JourneyInfo:
    return JourneyInfo(id="lesson", title="", relies_on=(), roles=roles, file="lesson.py", line=1)


@pytest.mark.parametrize(
    ("roles", "guest", "hosts"),
    [
        (("teacher", "student"), "student", ("teacher",)),
        (("student",), "student", ()),
        (("teacher",), "teacher", ()),
        (("student", "teacher", "counselor"), "student", ("teacher", "counselor")),
    ],
)
def test_students_are_the_guests_of_all_others(roles: tuple[str, ...], guest: str, hosts: tuple[str, ...]) -> None:
    found = cast_of(journey(*roles))
    assert (found.guest, found.hosts) == (guest, hosts)


@pytest.mark.parametrize(
    ("roles", "said"), [((), "use the fixture student instead of page"), (("*",), 'roles=["teacher", "student"]')]
)
def test_journey_without_known_people_is_refused_with_the_remedy(
    roles: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cast_of(journey(*roles))
    assert said in capsys.readouterr().err


def test_shipped_journey_has_the_steps_that_criteria_and_the_practice_school_name() -> None:
    assert live_class.__file__ is not None
    known = step_titles([Path(live_class.__file__)])
    named = {OPENS_THE_CLASS, JOINS, LEAVES, ENDS_THE_CLASS, *RehearsalSection().steps, *STEPS}
    assert {title: known.fault_of(title) for title in named} == dict.fromkeys(named, "")
    assert known.fault_of("joyns") == 'no step is called "joyns"; did you mean "joins"?'


def test_title_that_is_made_while_playing_may_be_any() -> None:
    assert StepTitles(titles=("opens",), are_all=False).fault_of("clicks 2") == ""
