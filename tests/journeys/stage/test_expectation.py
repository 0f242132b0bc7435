"""Playwright's own failures as one line: the locator is always named, with what was found in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from firstbell.journeys.stage.ending import EndingKind
from firstbell.journeys.stage.failures import ending_of

LIMIT_MS = 300
PAGE = """<h1>Nothing today</h1><p class=note>one</p><p class=note>two</p><button disabled>Join</button>
<dialog id=shut>closed</dialog><a href="#x" id=under>link</a><div class=veil style="position:fixed;inset:0"></div>"""

CASES: dict[str, tuple[Callable[[Page], None], tuple[str, ...], EndingKind]] = {
    "not there": (
        lambda page: expect(page.get_by_role("heading", name="Welcome")).to_be_visible(timeout=LIMIT_MS),
        ('get_by_role("heading", name="Welcome")', "found: no such element"),
        EndingKind.FAILED,
    ),
    "another text": (
        lambda page: expect(page.locator("h1")).to_have_text("Welcome", timeout=LIMIT_MS),
        ('locator("h1")', "found: Nothing today"),
        EndingKind.FAILED,
    ),
    "hidden": (
        lambda page: page.locator("#shut").wait_for(timeout=LIMIT_MS),
        ('locator("#shut")', "found: hidden <dialog"),
        EndingKind.FAILED,
    ),
    "a message of the journey's own": (
        lambda page: expect(page.locator("#list"), "the list of classes").to_be_visible(timeout=LIMIT_MS),
        ("the list of classes", 'locator("#list")', "found: no such element"),
        EndingKind.FAILED,
    ),
    "disabled": (
        lambda page: page.get_by_role("button", name="Join").click(timeout=LIMIT_MS),
        ('get_by_role("button", name="Join")', "element is not enabled"),
        EndingKind.FAILED,
    ),
    "covered": (
        lambda page: page.locator("#under").click(timeout=LIMIT_MS),
        ('locator("#under")', 'class="veil"'),
        EndingKind.FAILED,
    ),
    "an empty title": (
        lambda page: expect(page).to_have_title("Portal", timeout=LIMIT_MS),
        ("'Portal'", "found: nothing"),
        EndingKind.FAILED,
    ),
    "two of them, expected": (
        lambda page: expect(page.locator("p.note")).to_have_text("one", timeout=LIMIT_MS),
        ('ambiguous: locator("p.note") fits 2 elements',),
        EndingKind.ERRORED,
    ),
    "two of them, clicked": (
        lambda page: page.locator("p.note").click(timeout=LIMIT_MS),
        ('ambiguous: locator("p.note") fits 2 elements',),
        EndingKind.ERRORED,
    ),
    "a page that speaks of strict mode": (
        lambda page: expect(page.locator("h1")).to_have_text(
            "strict mode violation: x resolved to 2 elements", timeout=LIMIT_MS
        ),
        ("found: Nothing today",),
        EndingKind.FAILED,
    ),
}


@pytest.mark.browser
def test_failure_names_its_locator_and_what_was_found(page: Page) -> None:
    page.set_content(PAGE)
    for case, (fails, words, kind) in CASES.items():
        with pytest.raises((AssertionError, PlaywrightError)) as raised:
            fails(page)
        ending = ending_of(raised.value)
        assert [word for word in words if word not in ending.said] == [], (case, ending.said)
        assert ending.kind is kind, case
