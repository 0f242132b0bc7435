"""Playwright's own failures as one line: the locator is always named, with what was found in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from firstbell.journeys.stage.ending import EndingKind
from firstbell.journeys.stage.expectation import expectation_text
from firstbell.journeys.stage.failures import ending_of

LIMIT_MS = 300
PAGE = """<h1>Nothing today</h1><p class=note>one</p><p class=note>two</p><button disabled>Join</button>
<dialog id=shut>closed</dialog><a href="#x" id=under>link</a><div class=veil style="position:fixed;inset:0"></div>"""

# What the page shows. A locator may hold such words too, since the journey wrote it.
SHOWN = ("Nothing today", "closed", ">one", ">link")

CASES: dict[str, tuple[Callable[[Page], None], tuple[str, ...], EndingKind]] = {
    "not there": (
        lambda page: expect(page.get_by_role("heading", name="Welcome")).to_be_visible(timeout=LIMIT_MS),
        ('get_by_role("heading", name="Welcome")', "found: no such element"),
        EndingKind.FAILED,
    ),
    "another text": (
        lambda page: expect(page.locator("h1")).to_have_text("Welcome", timeout=LIMIT_MS),
        ('locator("h1")', "found: another value"),
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
        ("found: another value",),
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
        assert not [words for words in SHOWN if words in ending.said], (case, ending.said)


@pytest.mark.browser
def test_a_step_that_quotes_tells_the_words_of_the_page(page: Page) -> None:
    page.set_content(PAGE)
    for case, words in {"another text": "Nothing today", "hidden": "closed</dialog>"}.items():
        with pytest.raises((AssertionError, PlaywrightError)) as raised:
            CASES[case][0](page)
        assert words in ending_of(raised.value, quotes=True).said


def test_an_assertion_is_told_by_its_statement_and_not_by_its_values() -> None:
    shown = ["Algebra", "Ada Lovelace"]
    with pytest.raises(AssertionError) as raised:
        assert "Biology" in shown
    assert "Ada Lovelace" in str(raised.value), "nothing is hidden: pytest shows no values"
    assert ending_of(raised.value).said == 'assert "Biology" in shown does not hold'
    assert "Ada Lovelace" in ending_of(raised.value, quotes=True).said


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ('<li class="row">Ada Lovelace</li>', '<li class="row">'),
        ('<img id="7" alt="Ada Lovelace" src="ada.png"/>', '<img id="7">'),
        ('<input name="pin" value="4711" aria-label="Ada\'s PIN" type="text"/>', '<input name="pin" type="text">'),
        ('<p>Ada &lt;b class="x"&gt;</p>', "<p>"),
        ('<a href="/people/ada-lovelace" role="link">…</a>', '<a role="link">'),
        ("<x-card data-name=\"Ada\" data-testid='one'>Ada</x-card>", "<x-card>"),
    ],
)
def test_an_element_is_told_without_what_may_name_a_person(shown: str, told: str) -> None:
    text = (
        f'Locator.click: Timeout\nCall log:\n  - waiting for locator("#x")\n    - locator resolved to hidden {shown}\n'
    )
    assert expectation_text(text).endswith(f"found: hidden {told}")
    covered = (
        f'Locator.click: Timeout\nCall log:\n  - waiting for locator("#x")\n    - {shown} intercepts pointer events\n'
    )
    assert expectation_text(covered).endswith(f"{told} intercepts pointer events")
