"""What a page says of itself: which words mean that it stands in for another, and which merely stand on it."""

from __future__ import annotations

import pytest

from firstbell.journeys.stage.pages.page_signs import LONG, SHORT, TITLE_LIMIT, printable, sign_of

NEWS = "Welcome back. "


@pytest.mark.parametrize(
    ("title", "heading", "text", "sign"),
    [
        pytest.param("Scheduled maintenance", "", "Please come back in an hour.", "maintenance", id="in the title"),
        pytest.param("Learning", "Site maintenance", NEWS * 40, "maintenance", id="in the heading of a longer page"),
        pytest.param("", "", "The system is down for maintenance.", "maintenance", id="says nothing else"),
        pytest.param("Maintenance", "", "", "maintenance", id="the bare word"),
        pytest.param("", "We’ll be right back", "We'll be right back!", "maintenance", id="without the word"),
        pytest.param("Guest Wi-Fi", "", "Accept to continue", "captive-portal", id="a guest network"),
        pytest.param("", "", "Accept the terms to go online.", "captive-portal", id="a network that wants a yes"),
        pytest.param("Error", "Too many users", "", "capacity", id="no room"),
        pytest.param("", "This class is full", "", "capacity", id="a class that is full"),
        pytest.param("", "", "Your account has been locked.", "account-locked", id="a locked account"),
        pytest.param("", "Your device certificate has expired", "", "client-certificate", id="a device's certificate"),
        pytest.param("", "", "portal.x redirected you too many times.", "redirect-loop", id="sent in a circle"),
    ],
)
def test_a_stand_in_page_has_a_sign(title: str, heading: str, text: str, sign: str) -> None:
    assert sign_of(title, heading, text, len(text)) == sign


@pytest.mark.parametrize(
    ("title", "heading", "text"),
    [
        pytest.param("Class list", "Monday", "There will be system maintenance. " + NEWS * 40, id="mentioned in news"),
        pytest.param("Portal", "Scheduled maintenance on Saturday", NEWS * 200, id="news at the head of a long page"),
        pytest.param("Auto Maintenance 1", "Auto Maintenance 1", "Join the class at 9:00", id="a course of that name"),
        pytest.param("Building maintenance and repair", "", "Unit 3", id="another one"),
        pytest.param("Courses", "", "Math at 9:00. The waiting room is open.", id="a room, not full"),
        pytest.param("", "", "", id="nothing at all"),
    ],
)
def test_a_page_that_only_mentions_the_words_has_no_sign(title: str, heading: str, text: str) -> None:
    assert sign_of(title, heading, text, len(text)) == ""


@pytest.mark.parametrize(("letters", "sign"), [(SHORT - 1, "maintenance"), (SHORT, ""), (LONG, "")])
def test_the_words_of_a_page_count_while_it_is_short(letters: int, sign: str) -> None:
    assert sign_of("Portal", "", "down for maintenance", letters) == sign


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\n\n  lines", "two lines"),
        ("\x1b[31mred\x00\u202e", "[31mred"),
        ("half \ud800 a letter", "half a letter"),
        ("x" * 10_000, "x" * TITLE_LIMIT),
    ],
)
def test_page_text_becomes_one_bounded_line(text: str, line: str) -> None:
    assert printable(text, TITLE_LIMIT) == line
