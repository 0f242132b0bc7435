"""A student signs in, and meets the teacher in the video room; both see and hear each other."""

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School


@pytest.mark.journey("lesson", relies_on=["sign-in", "room"])
def test_lesson(teacher: Actor, student: Actor, school: School) -> None:
    with student.step("signs in", relies_on="sign-in"):
        student.go(school.service("sign-in").url)
        student.wait_for_first(student.page.get_by_label("Login")).fill(student.account.username)
        student.page.get_by_label("Password").fill(student.account.password.reveal())
        student.page.get_by_role("button", name="OK").click()
        student.wait_for_first(student.page.get_by_role("heading", name=f"Hello {student.account.display_name}"))
    for person in (teacher, student):
        with person.step("opens the room", relies_on="room"):
            person.go(school.service("room").url)
            person.click(person.page.get_by_role("button", name="Start"))
            person.wait_for_first(person.page.get_by_placeholder("Choose a display name"))
        with person.step("joins the room", relies_on="room"):
            person.page.get_by_placeholder("Choose a display name").fill(person.account.display_name)
            person.page.get_by_role("button", name="Join the room").click()
            person.wait_for_first(person.page.get_by_role("button", name="Unpublish"))
    with student.step("sees and hears the teacher", relies_on="room"):
        student.expect_to_see_and_hear(teacher)
    with teacher.step("sees and hears the student", relies_on="room"):
        teacher.expect_to_see_and_hear(student)
    with student.step("leaves the room", relies_on="room", picture=False):
        student.page.get_by_role("button", name="Stop").click()
