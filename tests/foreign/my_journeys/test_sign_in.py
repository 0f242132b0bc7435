"""A student signs in at the district's sign-in server and sees the own profile."""

import pytest
from playwright.sync_api import expect

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School


@pytest.mark.journey("profile", relies_on=["sign-in"])
def test_profile(student: Actor, school: School) -> None:
    with student.step("opens the sign-in page", relies_on="sign-in"):
        student.go(school.service("sign-in").url)
        student.wait_for_first(student.page.get_by_label("Login"))
    with student.step("signs in", relies_on="sign-in"):
        student.page.get_by_label("Login").fill(student.account.username)
        student.page.get_by_label("Password").fill(student.account.password.reveal())
        student.page.get_by_role("button", name="OK").click()
        student.wait_for_first(student.page.get_by_role("heading", name=f"Hello {student.account.display_name}"))
    with student.step("opens the profile", relies_on="sign-in"):
        student.page.get_by_role("button", name="Continue").click()
        expect(student.page.get_by_label("Name", exact=True)).to_have_value(student.account.display_name)
