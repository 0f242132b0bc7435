"""A student signs in to the learning platform and opens the bookmarks."""

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School


@pytest.mark.journey("learn", relies_on=["learning"], roles=["pupil"])
def test_learn(pupil: Actor, school: School) -> None:
    page = pupil.page
    with pupil.step("opens the learning platform", relies_on="learning"):
        pupil.go(school.service("learning").url)
        pupil.wait_for_first(page.get_by_label("Username"))
    with pupil.step("signs in", relies_on="learning"):
        page.get_by_label("Username").fill(pupil.account.username)
        page.get_by_role("button", name="Next").click()
        pupil.wait_for_first(page.get_by_label("Password")).fill(pupil.account.password.reveal())
        page.get_by_role("button", name="Sign in").click()
        pupil.click(page.get_by_role("button", name="Continue"))  # A welcome that each new browser is given.
    with pupil.step("opens the bookmarks", relies_on="learning"):
        page.get_by_role("link", name="Bookmarks").click()
        pupil.wait_for_first(page.get_by_text("You have no bookmarked resources"))
