"""Both roles get in: the front door opens, and the sign-in lets a teacher and a student through."""

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School


@pytest.mark.journey("sign-in", relies_on=["edge", "sign-in"])
def test_sign_in(teacher: Actor, student: Actor, school: School) -> None:
    for person in (student, teacher):
        with person.step("opens the portal", relies_on="edge", picture=False):
            school.open_portal(person)
        with person.step("signs in", relies_on="sign-in"):
            school.sign_in(person)
