"""Strangers are noticed in every kind of list, whenever they come; expected people never are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page

from firstbell.journeys.stage.ending import EndingKind, private
from firstbell.journeys.stage.roster import Roster, Watch

pytestmark = pytest.mark.browser

EXPECTED = ("Ms. Rivera (teacher)", "Ada Student")
ROOM = "<ul aria-label=Participants><li>Ms. Rivera (teacher)</li><li>Ada  Student <em>hand raised</em></li></ul>"
SETTLED = "() => new Promise((done) => setTimeout(done, 0))"


@dataclass(frozen=True)
class Kind:
    """A list of participants as some product shows it. `{}` stands for what a change puts into the page."""

    html: str
    selector: str
    comes: str
    name: str = ""
    attribute: str = ""


def rows(*names: str, row: str = "<li>{}</li>") -> str:
    return "".join(row.format(name) for name in names)


TILE = "<div class=tile><span>XY</span><b class=who>{}</b><button>Pin</button></div>"
WRAPPED = "<div style='position:absolute'><div class='row {0}'>{0}</div></div>"
UNREADABLE = {
    "drawn": "<ul><li><canvas></canvas></li></ul>",
    "empty": "<ul><li></li></ul>",
    "hidden, with parts": "<ul><li hidden><canvas></canvas></li></ul>",
    "hidden with its list": "<ul hidden><li></li></ul>",
}
ADD = "document.querySelector('{}').insertAdjacentHTML('beforeend', `{}`)"
AGAIN = "document.querySelector('{0}').outerHTML = `{1}`"
KINDS = {
    "a list": Kind(ROOM, "ul", ADD.format("ul", rows("Robin Somebody"))),
    "a list drawn anew": Kind(
        ROOM, "ul", AGAIN.format("ul", f"<ul aria-label=Participants>{rows(EXPECTED[0], 'Robin Somebody')}</ul>")
    ),
    "rows": Kind(ROOM, "li", ADD.format("ul", rows("Robin Somebody"))),
    "one row so far": Kind(f"<div><ul>{rows(EXPECTED[0])}</ul></div>", "li", ADD.format("ul", rows("Robin Somebody"))),
    "tiles": Kind(
        f"<main>{rows(*EXPECTED, row=TILE)}</main>", ".tile", ADD.format("main", TILE.format("Robin Somebody"))
    ),
    "a tile by its name": Kind(
        f"<main>{rows(EXPECTED[1], row=TILE)}</main>",
        ".tile",
        ADD.format("main", TILE.format("Robin Somebody")),
        name=".who",
    ),
    "a row in a wrapper of its own": Kind(
        f"<main id=all>{rows(EXPECTED[1], row=WRAPPED)}</main><p>x", ".row", ADD.format("main", WRAPPED.format("Robin"))
    ),
    "a plain element with tiles": Kind(
        f"<main>{rows(*EXPECTED, row='<p class=one>{}</p>')}</main>",
        "main",
        ADD.format("main", "<p class=one>Robin Somebody</p>"),
    ),
    "places that are hidden until somebody comes": Kind(
        "<main><p class='one hide' hidden></p><p class='one' hidden></p><p class='one'>Ada Student</p></main>",
        ".one",
        "document.querySelector('p').textContent = 'Robin Somebody'",
    ),
    "places that are all free": Kind(
        "<main><p class=one hidden></p><p class=one hidden></p><b>0</b></main>",
        ".one",
        "document.querySelector('p').textContent = 'Robin Somebody'",
    ),
    "names in an attribute": Kind(
        "<ul><li data-name='Ada Student'>A</li></ul>",
        "ul",
        "document.querySelector('li').dataset.name = 'Robin'",
        attribute="data-name",
    ),
    "names in labels": Kind(
        "<ul><li aria-label='Ada Student (me)'><img></li></ul>",
        "ul",
        "document.querySelector('li').setAttribute('aria-label', 'Robin Somebody')",
    ),
    "another name in the same row": Kind(ROOM, "ul", "document.querySelector('li').firstChild.data = 'Robin Somebody'"),
    "groups in a tree": Kind(
        "<div role=tree><div role=treeitem><b>In the meeting</b><div role=treeitem>Ada Student</div></div></div>",
        "[role=tree]",
        ADD.format("[role=treeitem]", "<div role=treeitem>Robin Somebody</div>"),
    ),
    "a table with a head": Kind(
        "<table><thead><tr><th>Name<tbody><tr><td>Ada Student<td>Guest</table>",
        "table",
        ADD.format("tbody", "<tr><td>Robin Somebody</td><td>Guest</td></tr>"),
    ),
    "a long list of which little is drawn": Kind(
        "<ul><li aria-setsize=2>Ada Student</li></ul>", "ul", "document.querySelector('li').ariaSetSize = 30"
    ),
    "two lists": Kind(
        "<div><ul><li>Ada Student</li></ul><h3>Guests</h3><ul id=late></ul></div>",
        "ul",
        ADD.format("#late", rows("Robin Somebody")),
    ),
    "a shadow root": Kind(
        "<div id=host><template shadowrootmode=open><ul><li>Ada Student</li></ul></template></div>",
        "#host ul",
        "document.querySelector('#host').shadowRoot.firstChild.insertAdjacentHTML('beforeend', '<li>Robin</li>')",
    ),
}


def shown(page: Page, html: str) -> None:
    page.set_content("")
    page.evaluate("html => document.body.setHTMLUnsafe(html)", html)


def watching(page: Page, people: Locator | None = None, **how: object) -> Roster:
    roster = Roster(page.context)
    roster.follow(people, **how)  # type: ignore[arg-type]
    return roster


def test_a_stranger_is_noticed_in_each_kind_of_list_and_expected_people_are_not(page: Page) -> None:
    for title, kind in KINDS.items():
        shown(page, kind.html)
        roster = watching(page, page.locator(kind.selector), name=kind.name, attribute=kind.attribute)
        page.evaluate(SETTLED)
        assert (roster.strangers(EXPECTED), roster.watch) == (0, Watch.WATCHED), title
        page.evaluate(f"() => {{ {kind.comes} }}")
        page.evaluate(SETTLED)
        assert roster.strangers(EXPECTED) >= 1, title


def test_a_person_who_came_and_went_is_a_stranger(page: Page) -> None:
    shown(page, ROOM)
    roster = watching(page, page.get_by_role("list"))
    page.evaluate("""() => {
      const item = Object.assign(document.createElement("li"), { textContent: "Robin Somebody" });
      document.querySelector("ul").append(item);
      return new Promise((done) => setTimeout(() => { item.remove(); done(); }, 0));
    }""")
    assert roster.strangers(EXPECTED) == 1


def test_one_stranger_is_counted_once_whatever_stands_beside_the_name(page: Page) -> None:
    shown(page, ROOM)
    roster = watching(page, page.get_by_role("list"))
    for addition in ("", "<i>Muted</i>", "<i>Hand</i>"):
        page.evaluate("html => document.querySelector('li').innerHTML = html", f"Robin Somebody {addition}")
        page.evaluate(SETTLED)
    assert roster.strangers(EXPECTED) == 1


def test_a_room_that_only_counts_people_has_one_too_many(page: Page) -> None:
    shown(page, "<button id=people>Participants (2)</button>")
    roster = watching(page, count=page.locator("#people"))
    assert roster.strangers(EXPECTED) == 0
    page.evaluate("() => document.querySelector('#people').textContent = 'Participants (3)'")
    page.evaluate(SETTLED)
    assert (roster.strangers(EXPECTED), roster.watch) == (1, Watch.WATCHED)


def test_a_list_that_is_closed_is_lost_until_it_is_back(page: Page) -> None:
    shown(page, f"<main>{ROOM}</main>")
    roster = watching(page, page.get_by_role("list"))
    page.evaluate("() => { window.kept = document.querySelector('ul'); kept.remove(); }")
    page.evaluate(SETTLED)
    assert roster.watch is Watch.LOST
    # Another element, of another kind: only the locator knows it.
    page.evaluate("() => document.querySelector('main').innerHTML = '<ol class=new><li>Robin Somebody</li></ol>'")
    page.wait_for_function("() => window[Symbol.for('firstbell.roster')].size", timeout=3000)
    page.wait_for_timeout(1200)
    assert (roster.watch, roster.strangers(EXPECTED)) == (Watch.WATCHED, 1)


def test_a_list_is_followed_in_a_window_and_in_a_frame_that_loads_again(page: Page) -> None:
    shown(page, "<iframe></iframe>")
    with page.expect_popup() as opened:
        page.evaluate("() => { window.open('about:blank') }")
    window = opened.value
    shown(window, ROOM)
    in_window = watching(page, window.get_by_role("list"))
    window.evaluate(f"() => {{ {ADD.format('ul', rows('Robin Somebody'))} }}")
    window.evaluate(SETTLED)
    assert in_window.strangers(EXPECTED) == 1

    page.locator("iframe").evaluate("(frame, html) => { frame.srcdoc = html }", ROOM)
    in_frame = watching(page, page.frame_locator("iframe").get_by_role("list"))
    page.locator("iframe").evaluate("(frame, html) => { frame.srcdoc = html }", ROOM.replace("Ada", "Robin"))
    page.frame_locator("iframe").get_by_text("Robin").wait_for()
    page.wait_for_timeout(500)
    assert (in_frame.strangers(EXPECTED), in_frame.watch) == (1, Watch.WATCHED)


def test_rows_without_a_readable_name_guard_nothing(page: Page) -> None:
    for title, html in UNREADABLE.items():
        shown(page, html)
        roster = watching(page, page.locator("ul"))
        assert (roster.strangers(EXPECTED), roster.watch) == (0, Watch.LOST), title


def test_who_has_left_is_in_no_room(page: Page) -> None:
    shown(page, ROOM)
    roster = watching(page, page.get_by_role("list"))
    states = []
    for change in (roster.left, roster.entered):
        change()
        states.append(roster.watch)
    assert states == [Watch.NO_ROOM, Watch.UNWATCHED]


def test_a_privacy_ending_blames_and_names_no_one() -> None:
    ending = private(2)
    assert (ending.kind, ending.is_private) == (EndingKind.ERRORED, True)
    assert "2 people who were not expected" in ending.said
