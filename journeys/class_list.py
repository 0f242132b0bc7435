"""A student signs in and finds today's classes listed, the synthetic class among them."""

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.service import Classroom


@pytest.mark.journey("class-list", relies_on=["edge", "sign-in", "platform"])
def test_class_list(student: Actor, school: School, classroom: Classroom) -> None:
    with student.step("opens the portal", relies_on="edge", picture=False):
        school.open_portal(student)
    with student.step("signs in", relies_on="sign-in"):
        school.sign_in(student)
    with student.step("sees today's classes", relies_on="platform"):
        classes = school.platform.classes(student)
        assert classroom.title in classes, f'the list does not show "{classroom.title}"'
