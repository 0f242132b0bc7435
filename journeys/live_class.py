"""A teacher opens a live class; a student finds it, joins, and both see and hear each other."""

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.ports import RoomPart, offers
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.service import Classroom


@pytest.mark.journey("live-class", relies_on=["edge", "sign-in", "platform", "live-class"])
def test_live_class(teacher: Actor, student: Actor, school: School, classroom: Classroom) -> None:
    with teacher.step("opens the portal", relies_on="edge", picture=False):
        school.open_portal(teacher)
    with teacher.step("signs in", relies_on="sign-in"):
        school.sign_in(teacher)
    with teacher.step("finds the class", relies_on="platform", picture=False):
        school.platform.find_class(teacher, classroom.title)
    with teacher.step("opens the class", relies_on="live-class"):
        class_ = school.live_class.open(teacher, classroom.title)

    with student.step("opens the portal", relies_on="edge", picture=False):
        school.open_portal(student)
    with student.step("signs in", relies_on="sign-in"):
        school.sign_in(student)
    with student.step("finds the live session", relies_on="platform"):
        session = school.platform.find_session(student, class_)
    with student.step("joins", relies_on="live-class"):
        session.join()

    with student.step("sees and hears the teacher", relies_on="live-class"):
        student.expect_to_see_and_hear(teacher)
    with teacher.step("sees and hears the student", relies_on="live-class"):
        teacher.expect_to_see_and_hear(student)

    if offers(class_, RoomPart.CHAT):
        with student.step("reads the chat", relies_on="live-class"):
            class_.say(teacher, "Good morning")
            class_.expect_said(student, teacher, "Good morning")
    if offers(class_, RoomPart.HAND):
        with teacher.step("sees the raised hand", relies_on="live-class"):
            class_.raise_hand(student)
            class_.expect_raised_hand(teacher, student)

    # Some calls come up and give up at once: cameras that hang, ways that a filter closes again.
    with student.step("still sees and hears the teacher", relies_on="live-class", picture=False):
        student.expect_to_keep_seeing_and_hearing(teacher)

    with student.step("leaves", relies_on="live-class", picture=False):
        class_.leave(student)
        if offers(class_, RoomPart.PEOPLE):
            class_.expect_participants(teacher)
    with teacher.step("ends the class", relies_on="live-class", picture=False):
        class_.end(teacher)
