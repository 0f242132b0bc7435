"""Strangers are noticed whenever they come, also between two looks; expected people never are."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from firstbell.journeys.rooms.practice import NAMES
from firstbell.journeys.stage.ending import EndingKind, private
from firstbell.journeys.stage.roster import Roster

pytestmark = pytest.mark.browser

ROOM = "<ul aria-label=Participants><li>Ms. Rivera (teacher)</li><li>Ada  Student <em>hand raised</em></li></ul>"
EXPECTED = ("Ms. Rivera (teacher)", "ada student")
COMES_AND_GOES = """() => {
  const item = Object.assign(document.createElement("li"), { textContent: "Robin Somebody" });
  const list = document.querySelector("ul");
  list.append(item);
  return new Promise((done) => setTimeout(() => { item.remove(); done(); }, 0));
}"""


@pytest.fixture
def roster(page: Page) -> Roster:
    page.set_content(ROOM)
    roster = Roster(page)
    roster.follow(page.get_by_role("list"), NAMES)
    return roster


def test_spaces_in_a_name_make_no_stranger(roster: Roster) -> None:
    assert roster.strangers(EXPECTED) == 0
    assert roster.strangers(EXPECTED[:1]) == 1


def test_a_person_who_came_and_went_is_a_stranger(page: Page, roster: Roster) -> None:
    page.evaluate(COMES_AND_GOES)
    assert roster.strangers(EXPECTED) == 1


def test_a_second_class_on_the_same_page_is_followed_too(page: Page, roster: Roster) -> None:
    page.set_content(ROOM.replace("Ada", "Robin"))
    roster.follow(page.get_by_role("list"), NAMES)
    assert roster.strangers(EXPECTED) == 1


def test_a_privacy_ending_blames_and_names_no_one() -> None:
    ending = private(2)
    assert (ending.kind, ending.is_private) == (EndingKind.ERRORED, True)
    assert "2 people who were not expected" in ending.said
