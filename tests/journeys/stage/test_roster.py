"""Strangers are noticed in every kind of list, whenever they come; expected people never are."""

from __future__ import annotations

import time
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
    "a second person of an expected name": Kind(ROOM, "ul", ADD.format("ul", rows("Ada Student"))),
    "a person beside You and the name that is You": Kind(
        f"<ul>{rows('You', EXPECTED[0])}</ul>", "ul", ADD.format("ul", rows("Ada Student"))
    ),
    "a row whose name is empty": Kind(ROOM, "ul", ADD.format("ul", "<li><img></li>")),
    "a list that moves while the old one stays": Kind(
        f"<main>{ROOM}</main>",
        "main ul",
        "document.querySelector('ul').replaceChildren(); document.querySelector('main').insertAdjacentHTML("
        "'afterbegin', '<section><ul><li>Robin</ul></section>')",
    ),
    "rows with shadow roots": Kind(
        "<div role=list><x-row><template shadowrootmode=open><i>mic</i><slot></slot></template>Ada Student</x-row>"
        "</div><div id=late></div>",
        "[role=list]",
        "const row = document.createElement('x-row'); const root = row.attachShadow({mode: 'open'});"
        "document.querySelector('[role=list]').append(row); setTimeout(() => root.append('Robin'), 0)",
    ),
    "list items inside shadow roots": Kind(
        "<ul><x-row><template shadowrootmode=open><li>Ada Student</li></template></x-row></ul>",
        "ul",
        "document.querySelector('x-row').shadowRoot.append(Object.assign(document.createElement('li'), "
        "{textContent: 'Robin'}))",
    ),
    "a virtual list": Kind(
        "<div role=list><div style='height:40px'></div><div role=listitem>Ada Student</div><div aria-hidden=true><p>"
        "</div></div>",
        "[role=list]",
        "document.querySelector('[role=listitem]').textContent = 'Robin'",
    ),
    # As real products draw them.
    "Meet": Kind(
        "<div role=list aria-label='1 raised hand'><div role=listitem aria-label='Ada Student'><img><span>Ada Student"
        "</span><i>front_hand</i></div></div><div role=list aria-label=Participants>"
        "<div role=listitem aria-label='Ada Student'><img><div><span>Ada Student</span><span>(You)</span></div>"
        "<button><i>more_vert</i></button></div><div role=listitem aria-label='Ada Student'><img><div><span>Ada Student"
        "</span></div><div>Your presentation</div></div></div>",
        "[role=list]",
        ADD.format(
            "[aria-label=Participants]",
            "<div role=listitem aria-label=Robin><i>keep</i><img><span>Robin</span><i>mic_off</i></div>",
        ),
    ),
    "Teams": Kind(
        "<div role=tree><div role=treeitem aria-level=1><span>In this meeting (1)</span><div role=group>"
        "<div role=treeitem aria-level=2 aria-label='Ada Student, Attendee, Muted'><div>AS</div><div>"
        "<span>Ada Student</span></div></div></div></div></div>",
        "[role=tree]",
        ADD.format("[role=group]", "<div role=treeitem><div>RS</div><span>Robin Somebody</span></div>"),
    ),
    "Zoom": Kind(
        "<div role=list><div><div class=item role=listitem><span class=avatar>AS</span><span class=name>Ada Student"
        "</span><span class=label>(Guest, me)</span><svg></svg></div></div></div>",
        "[role=list]",
        ADD.format("[role=list]", "<div><div role=listitem><span>AS</span><span>Ada Student</span></div></div>"),
    ),
    "Jitsi": Kind(
        "<div class=list-container><div class=item id=p1><div><svg><text>AS</text></svg></div><div><span>Ada Student"
        "</span><span>&nbsp;(me)</span></div></div></div>",
        ".item",
        ADD.format(".list-container", "<div class=item><div><svg><text>R</text></svg></div><div>Robin</div></div>"),
    ),
    "BigBlueButton": Kind(
        "<div role=tabpanel><div><div class=user role=button aria-label='Ada Student  You'><div>Ad</div><div>"
        "<span>Ada Student</span> <span>(You)</span></div></div></div></div>",
        ".user",
        ADD.format(
            "[role=tabpanel] > div", "<div class=user role=button><div>Ro</div><div><span>Robin</span></div></div>"
        ),
    ),
    "Canvas": Kind(
        "<table><thead><tr><th>Name<tbody><tr class=rosterUser><td><a><img alt='Avatar for Ada Student'></a>"
        "<td><a>Ada Student</a><td>Student</table>",
        "tr.rosterUser",
        ADD.format("tbody", "<tr class=rosterUser><td><a><img alt=''></a><td><a>Robin</a><td>Student</tr>"),
    ),
}


def shown(page: Page, html: str) -> None:
    page.set_content("")
    page.evaluate("html => document.body.setHTMLUnsafe(html)", html)


def noticed(page: Page, roster: Roster, title: str) -> None:
    """Wait until a stranger is counted: a list in another place is looked up within half a second."""
    until = time.monotonic() + 5
    while not roster.strangers(EXPECTED):
        assert time.monotonic() < until, title
        page.evaluate(SETTLED)


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
        noticed(page, roster, title)
        roster.left()


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


def test_a_row_without_a_readable_name_is_a_stranger(page: Page) -> None:
    for title, html in UNREADABLE.items():
        shown(page, html)
        roster = watching(page, page.locator("ul"))
        assert (roster.strangers(EXPECTED), roster.watch) == (1, Watch.LOST), title
        roster.left()


def test_a_page_that_loads_again_and_asks_to_be_joined_is_followed_again(page: Page) -> None:
    lobby, room = "<button>Join</button>", ROOM.replace("Ada", "Robin")
    page.route(
        "http://room.test/*",
        lambda route: route.fulfill(body=ROOM if "first" in route.request.url else lobby, content_type="text/html"),
    )
    page.goto("http://room.test/first")
    roster = watching(page, page.get_by_role("list"))
    page.set_default_timeout(100)
    page.goto("http://room.test/lobby", timeout=20_000)
    # Longer than any wait of the page.
    page.wait_for_timeout(200)
    states = [roster.watch]
    page.evaluate("html => document.body.innerHTML = html", room)
    noticed(page, roster, "a page that loads again")
    assert [*states, roster.watch] == [Watch.LOST, Watch.WATCHED]


def test_a_connection_of_before_may_still_be_listed(page: Page) -> None:
    """It is listed beside the new one until the server has given it up; a namesake of a first connection is not."""
    twice = ROOM.replace("</ul>", "<li>Ada Student</li></ul>")
    page.route("http://room.test/*", lambda route: route.fulfill(body=twice, content_type="text/html"))
    page.goto("http://room.test/")
    roster = watching(page, page.get_by_role("list"))
    assert (roster.returns, roster.strangers(EXPECTED)) == (0, 1)
    page.reload()
    page.evaluate(SETTLED)
    assert (roster.returns, roster.strangers([*EXPECTED, "Ada Student"])) == (1, 0)
    other = Roster(page.context)
    for change in (other.entered, other.entered, other.left, other.entered):
        change()
    assert other.returns == 1


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
