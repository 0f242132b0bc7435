"""Plan B admits the same two people when the rest is down, and they see and hear each other there."""

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.service import Classroom


@pytest.mark.journey("plan-b", relies_on=["plan-b"])
def test_plan_b(teacher: Actor, student: Actor, school: School, classroom: Classroom) -> None:
    for person in (teacher, student):
        with person.step("enters the meeting room", relies_on="plan-b"):
            school.plan_b.enter(person, classroom)

    with student.step("sees and hears the teacher", relies_on="plan-b"):
        student.expect_to_see_and_hear(teacher)
    with teacher.step("sees and hears the student", relies_on="plan-b"):
        teacher.expect_to_see_and_hear(student)

    for person in (student, teacher):
        with person.step("leaves", relies_on="plan-b", picture=False):
            school.plan_b.leave(person)
