"""What the people of a rehearsal do: the live class with many students, step by step, written like a journey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstbell.runner.rehearsal.processes.protocol import END, EVERYBODY, HOME

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
"""A student's steps, in order."""
OPENS_THE_CLASS, ENDS_THE_CLASS = "opens the class", "ends the class"
PORTAL, SIGNS_IN, FINDS, JOINS, SEES, STILL_SEES, LEAVES = STEPS

Wait = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScenario:
    """Where it is played: the school, the class, and the teacher's camera."""

    school: School
    class_title: str
    teacher: CameraOwner


def teach(teacher: Actor, scene: ClassScenario, wait_for: Wait) -> None:
    """Open the class, stay until all students have gone, end it."""
    school = scene.school
    with teacher.step(PORTAL, relies_on="edge", picture=False):
        school.open_portal(teacher)
    with teacher.step(SIGNS_IN, relies_on="sign-in", picture=False):
        school.sign_in(teacher)
    with teacher.step("finds the class", relies_on="platform", picture=False):
        school.platform.find_class(teacher, scene.class_title)
    with teacher.step(OPENS_THE_CLASS, relies_on="live-class", picture=False):
        class_ = school.live_class.open(teacher, scene.class_title)
    wait_for(END)
    with teacher.step(ENDS_THE_CLASS, relies_on="live-class", picture=False):
        class_.end(teacher)


def attend(student: Actor, scene: ClassScenario, class_: LiveClass, wait_for: Wait, stay: Callable[[], None]) -> None:
    """Come to class, see and hear the teacher, stay with everybody there, still see and hear the teacher, and leave."""
    school = scene.school
    with student.step(PORTAL, relies_on="edge", picture=False):
        school.open_portal(student)
    with student.step(SIGNS_IN, relies_on="sign-in", picture=False):
        school.sign_in(student)
    with student.step(FINDS, relies_on="platform", picture=False):
        session = school.platform.find_session(student, class_)
    with student.step(JOINS, relies_on="live-class", picture=False):
        session.join()
    with student.step(SEES, relies_on="live-class", picture=False):
        student.expect_to_see_and_hear(scene.teacher)
    wait_for(EVERYBODY)
    stay()
    with student.step(STILL_SEES, relies_on="live-class", picture=False):
        student.expect_to_see_and_hear(scene.teacher)
    wait_for(HOME)
    with student.step(LEAVES, relies_on="live-class", picture=False):
        class_.leave(student)
