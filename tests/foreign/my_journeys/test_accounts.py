"""A student signs in at the accounts server, whose form has one page for the name and one for the password."""

import pytest
from playwright.sync_api import expect

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.school import School


@pytest.mark.journey("accounts", relies_on=["accounts"], roles=["reader"])
def test_accounts(reader: Actor, school: School) -> None:
    page = reader.page
    with reader.step("opens the accounts page", relies_on="accounts"):
        reader.go(school.service("accounts").url)
        reader.wait_for_first(page.get_by_label("Login"))
    with reader.step("signs in", relies_on="accounts"):
        page.get_by_label("Login").fill(reader.account.username)
        page.get_by_role("button", name="Continue").click()
        reader.wait_for_first(page.get_by_label("Password", exact=True)).fill(reader.account.password.reveal())
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Given name")).to_have_value(reader.account.display_name)
