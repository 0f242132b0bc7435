"""The steps of a rehearsal: a live class with many students, written like a journey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstbell.runner.rehearsal.processes.protocol import ALL_JOINED, END_CLASS, LEAVE_CLASS

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.camera_owner import CameraOwner
    from firstbell.journeys.stage.ports import LiveClass
    from firstbell.journeys.stage.school import School

STEPS = (
    "opens the portal",
    "signs in",
    "finds the live session",
    "joins",
    "sees and hears the teacher",
    "still does, with everybody there",
    "leaves",
)
"""The steps of a student, in order."""
OPENS_THE_CLASS, ENDS_THE_CLASS = "opens the class", "ends the class"
PORTAL, SIGNS_IN, FINDS, JOINS, SEES, STILL_SEES, LEAVES = STEPS

Wait = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScenario:
    """The school, the class, and the teacher's camera."""

    school: School
    class_title: str
    teacher: CameraOwner


def teach(teacher: Actor, scenario: ClassScenario, wait_for: Wait) -> None:
    """Opens the class, stays until all students have left, and ends it."""
    school = scenario.school
    with teacher.step(PORTAL, relies_on="edge", picture=False):
        school.open_portal(teacher)
    with teacher.step(SIGNS_IN, relies_on="sign-in", picture=False):
        school.sign_in(teacher)
    with teacher.step("finds the class", relies_on="platform", picture=False):
        school.platform.find_class(teacher, scenario.class_title)
    with teacher.step(OPENS_THE_CLASS, relies_on="live-class", picture=False):
        class_ = school.live_class.open(teacher, scenario.class_title)
    wait_for(END_CLASS)
    with teacher.step(ENDS_THE_CLASS, relies_on="live-class", picture=False):
        class_.end(teacher)


def attend(
    student: Actor, scenario: ClassScenario, class_: LiveClass, wait_for: Wait, stay: Callable[[], None]
) -> None:
    """Joins the class, checks picture and sound of the teacher, stays with all students, checks again, and leaves."""
    school = scenario.school
    with student.step(PORTAL, relies_on="edge", picture=False):
        school.open_portal(student)
    with student.step(SIGNS_IN, relies_on="sign-in", picture=False):
        school.sign_in(student)
    with student.step(FINDS, relies_on="platform", picture=False):
        session = school.platform.find_session(student, class_)
    with student.step(JOINS, relies_on="live-class", picture=False):
        session.join()
    with student.step(SEES, relies_on="live-class", picture=False):
        student.expect_to_see_and_hear(scenario.teacher)
    wait_for(ALL_JOINED)
    stay()
    with student.step(STILL_SEES, relies_on="live-class", picture=False):
        student.expect_to_see_and_hear(scenario.teacher)
    wait_for(LEAVE_CLASS)
    with student.step(LEAVES, relies_on="live-class", picture=False):
        class_.leave(student)
