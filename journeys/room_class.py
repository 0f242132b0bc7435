"""A teacher and a student meet in a room that has an address of its own, without portal, sign-in or platform."""

import secrets

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.ports import RoomPart, offers
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.service import Classroom


@pytest.mark.journey("room-class", relies_on=["live-class"])
def test_room_class(teacher: Actor, student: Actor, school: School, classroom: Classroom) -> None:
    with teacher.step("opens the class", relies_on="live-class"):
        class_ = school.live_class.open(teacher, classroom.title)
    with student.step("joins", relies_on="live-class"):
        class_.join(student)

    with student.step("sees and hears the teacher", relies_on="live-class"):
        student.expect_to_see_and_hear(teacher)
    with teacher.step("sees and hears the student", relies_on="live-class"):
        teacher.expect_to_see_and_hear(student)

    if offers(class_, RoomPart.PEOPLE):
        with teacher.step("sees the student in the list", relies_on="live-class", picture=False):
            class_.expect_participants(teacher, student)
    if offers(class_, RoomPart.CHAT):
        with student.step("reads the chat", relies_on="live-class"):
            # A room that keeps its chat still shows the lines of earlier runs.
            line = f"Good morning {secrets.token_hex(3)}"
            class_.say(teacher, line)
            class_.expect_said(student, teacher, line)
    if offers(class_, RoomPart.HAND):
        with teacher.step("sees the raised hand", relies_on="live-class"):
            class_.raise_hand(student)
            class_.expect_raised_hand(teacher, student)

    with student.step("still sees and hears the teacher", relies_on="live-class", picture=False):
        student.expect_to_keep_seeing_and_hearing(teacher)

    with student.step("leaves", relies_on="live-class", picture=False):
        class_.leave(student)
    with teacher.step("ends the class", relies_on="live-class", picture=False):
        class_.end(teacher)
