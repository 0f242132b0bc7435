"""Tabs, windows and dialogs of an actor, on pages of a server of our own: which page is in use, which is shown when a
step fails, and what a dialog said."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.ending import Ending, EndingKind, JourneyError
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.journeys.stage.stage import Stage

pytestmark = pytest.mark.browser

ADA = Account(username="zz.ada", display_name="Ada", password=Secret(lambda: "x"))
PAGES = {
    "/lesson": """<title>Lesson</title><h1>Lesson</h1>
<a target=_blank href=/room>blank</a> <a target=_blank rel="noopener noreferrer" href=/room>noopener</a>
<form target=_blank method=post action=/room><button>form</button></form>
<button onclick="window.open('/room', 'room', 'popup,width=500,height=400')">window</button>
<button onclick="w = window.open('about:blank'); setTimeout(() => w.location = '/room', 300)">sent on later</button>
<button onclick="fetch('/room').then(() => window.open('/room'))">after a request</button>
<button onclick="window.open('').document.write('<title>Room</title><h1>Room</h1>')">written</button>
<button onclick="window.open('/room'); location = '/thanks'">opens and goes on</button>
<button onclick="location = '#go'; fetch('/room').then(() => window.open('/room'))">goes on and opens</button>
<button onclick="window.open('/flash')">flash</button>
<button onclick="window.open('about:blank')">stays empty</button> <a target=_blank href=/file>file</a>
<a href=/room>same</a> <button onclick="history.pushState(0, '', '/lesson?two')">state</button>
<button onclick="0">nothing</button> <a target=_blank href=/gone>gone</a>
<a target=_blank href="http://127.0.0.1:1/">refused</a> <a target=_blank href="zoommtg://join">app</a>
<a href="mailto:it@school.example">mail</a>
<button onclick="setTimeout(() => window.open('/survey', 'w', 'popup'), 50)">survey</button>""",
    "/room": "<title>Room</title><h1>Room</h1><p role=status>In class</p>",
    "/thanks": "<title>Thanks</title><h1>Thanks</h1>",
    "/survey": "<title>Survey</title><h1>How do you like us?</h1>",
    "/flash": "<title>Flash</title><h1>Signing in</h1><script>setTimeout(() => window.close(), 400)</script>",
    "/sign-in": """<title>Portal</title><h1>Portal</h1>
<button onclick="window.open('/window', 'w', 'popup')">Sign in</button>
<p id=p></p><script>onmessage = () => p.textContent = 'Welcome'</script>""",
    "/window": """<title>Window</title><h1>Identity service</h1><p role=alert>The reply address does not match</p>
<button onclick="opener.postMessage('in', '*'); window.close()">Allow</button>
<button onclick="setTimeout(() => window.close(), 300)">Give up</button>""",
    "/dialogs": """<title>Dialogs</title><h1>Dialogs</h1>
<button onclick="alert('Your password has\\nexpired')">alert</button>
<button onclick="p.textContent = confirm('Join now?')">confirm</button>
<button onclick="p.textContent = prompt('Your name?')">prompt</button>
<button onclick="for (let i = 0; i < 30; i++) alert('again ' + i)">storm</button><p id=p></p>""",
    "/leave": """<title>Class</title><button>Raise hand</button><a href=/thanks>Leave</a>
<script>addEventListener('beforeunload', event => { event.preventDefault(); event.returnValue = 'x' })</script>""",
}


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        is_file = name == "/file"
        self.send_response(200 if name in PAGES or is_file else 404)
        self.send_header("Content-Type", "application/octet-stream" if is_file else "text/html")
        self.end_headers()
        self.wfile.write(PAGES.get(name, "no").encode())

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def stage() -> Stage:
    return Stage(run_token="x", observer=NoObserver(), limit_s=2.0)


@pytest.fixture
def ada(stage: Stage, context: BrowserContext) -> Actor:
    return stage.enter("student", ADA, context)


def opened(ada: Actor, site: str, name: str) -> Page:
    ada.go(f"{site}/{name}")
    return ada.page


def clicked(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()


def ending_of_last(stage: Stage) -> Ending:
    ending = stage.steps[-1].ending
    assert ending is not None
    return ending


@pytest.mark.parametrize(
    ("name", "title"),
    [
        *((name, "Room") for name in ("blank", "noopener", "form", "window", "sent on later", "after a request")),
        *((name, "Room") for name in ("written", "opens and goes on", "goes on and opens")),
        pytest.param("same", "Room", id="in the same tab"),
        pytest.param("state", "Lesson", id="only another address"),
    ],
)
def test_follow_goes_where_a_click_leads(ada: Actor, site: str, name: str, title: str) -> None:
    page = opened(ada, site, "lesson")
    with ada.follow():
        clicked(page, name)
    expect(ada.page).to_have_title(title)
    assert (ada.page is page) is (name in ("same", "state"))


def test_window_that_closes_itself_gives_way_to_its_opener(ada: Actor, site: str) -> None:
    page = opened(ada, site, "lesson")
    with ada.follow():
        clicked(page, "flash")
    if ada.page is not page:
        ada.page.wait_for_event("close")
    assert ada.page is page


@pytest.mark.parametrize(
    ("name", "said"), [("nothing", "no tab, window"), ("stays empty", "stayed empty"), ("file", "stayed empty")]
)
def test_follow_says_that_nothing_opened(ada: Actor, site: str, name: str, said: str) -> None:
    page = opened(ada, site, "lesson")
    with pytest.raises(Broken, match=said), ada.follow(within_s=1.2):
        clicked(page, name)
    assert ada.page is page


def test_window_that_nobody_asked_for_changes_nothing(ada: Actor, site: str) -> None:
    page = opened(ada, site, "lesson")
    for name in ("app", "mail", "file"):
        clicked(page, name)
    with page.context.expect_page(lambda opened: "survey" in opened.url):
        clicked(page, "survey")
    assert (ada.page, ada.tabs.in_view) == (page, page)


def test_page_that_the_journey_sets_is_in_use_until_it_closes(ada: Actor, site: str, context: BrowserContext) -> None:
    portal = opened(ada, site, "sign-in")
    with portal.expect_popup() as popup:
        clicked(portal, "Sign in")
    ada.page = popup.value
    assert ada.page is popup.value
    ada.click(ada.page.get_by_text("Allow"))
    ada.wait_for_first(portal.get_by_text("Welcome"))
    assert ada.page is portal
    ada.page = context.new_page()
    ada.page.close()
    assert ada.page is portal


def test_page_of_another_context_is_refused(ada: Actor, browser: object) -> None:
    other = browser.new_context()  # type: ignore[attr-defined]
    with pytest.raises(JourneyError, match="another browser context"):
        ada.page = other.new_page()
    other.close()


@pytest.mark.parametrize(("name", "said"), [("gone", "127.0.0.1 answered 404 Not Found"), ("refused", "UNSAFE_PORT")])
def test_first_document_of_a_tab_is_watched(ada: Actor, site: str, name: str, said: str) -> None:
    page = opened(ada, site, "lesson")
    with ada.follow():
        clicked(page, name)
    watch, first = ada.tabs.watch_of(ada.page), ada.tabs.watch_of(page)
    assert said in (watch.unreachable.said if watch.unreachable else watch.refused)
    assert (first.unreachable, first.refused) == (None, "")


@pytest.mark.parametrize("by", ["a call", "an expectation", "a wait of the actor"])
def test_failing_step_shows_the_window_on_which_it_failed(stage: Stage, ada: Actor, site: str, by: str) -> None:
    portal = opened(ada, site, "sign-in")
    with portal.expect_popup() as popup:
        clicked(portal, "Sign in")
    field = popup.value.get_by_label("Password")
    fails: dict[str, Callable[[], object]] = {
        "a call": lambda: field.fill("x", timeout=200),
        "an expectation": lambda: expect(field).to_be_visible(timeout=200),
        "a wait of the actor": lambda: ada.wait_for_first(field, within_s=0.2),
    }
    with pytest.raises(Exception, match="Password|visible"), ada.step("signs in", relies_on="sign-in"):  # noqa: RUF043
        fails[by]()
    assert ending_of_last(stage).kind is EndingKind.FAILED
    assert ada.page is portal
    first, other = ada.signs()
    assert (first.actor, first.title, other.actor, other.title) == ("student", "Window", "student tab 1", "Portal")
    assert "reply address does not match" in first.text
    assert list(stage.pages) == ["student", "student tab 1"]
    with ada.step("goes on", relies_on="sign-in"):
        assert ada.tabs.in_view is portal


@pytest.mark.parametrize("by_expectation", [False, True])
@pytest.mark.parametrize(
    ("by_journey", "kind", "said"),
    [
        (False, EndingKind.FAILED, "the page closed itself while it was used"),
        (True, EndingKind.ERRORED, "the journey used a page that it had closed"),
    ],
)
def test_closed_page_is_told(
    stage: Stage, ada: Actor, site: str, *, by_expectation: bool, by_journey: bool, kind: EndingKind, said: str
) -> None:
    portal = opened(ada, site, "sign-in")
    with portal.expect_popup() as popup:
        clicked(portal, "Sign in")
    ada.page = popup.value
    popup.value.close() if by_journey else clicked(ada.page, "Give up")
    missing = popup.value.get_by_text("Never")
    with pytest.raises(Exception, match="closed|visible"), ada.step("allows", relies_on="sign-in"):  # noqa: RUF043
        expect(missing).to_be_visible() if by_expectation else missing.wait_for()
    ending = ending_of_last(stage)
    assert (ending.kind, ending.sign) == (kind, "")
    assert said in ending.said
    assert ada.page is portal


@pytest.mark.parametrize(("name", "words"), [("alert", "Your password has expired"), ("storm", "again 29")])
def test_dialog_is_told_with_the_step_that_fails(stage: Stage, ada: Actor, site: str, name: str, words: str) -> None:
    page = opened(ada, site, "dialogs")
    with ada.step("asks", relies_on="portal"):
        clicked(page, "confirm")
    with pytest.raises(AssertionError), ada.step("signs in", relies_on="portal"):  # noqa: PT012
        clicked(page, name)
        expect(page.get_by_text("My classes")).to_be_visible(timeout=200)
    said = ending_of_last(stage).said
    assert said.endswith(f'; a dialog said "{words}"')
    assert ada.tabs.dialogs.since(0.0)[-1].words == words
    with pytest.raises(AssertionError), ada.step("goes on", relies_on="portal"):
        expect(page.get_by_text("My classes")).to_be_visible(timeout=200)
    assert "dialog" not in ending_of_last(stage).said


def test_dialogs_are_answered_as_without_us_and_by_the_journey_if_it_listens(ada: Actor, site: str) -> None:
    page = opened(ada, site, "dialogs")
    clicked(page, "confirm")
    expect(page.locator("#p")).to_have_text("false")
    page.once("dialog", lambda dialog: dialog.accept("Ada"))
    clicked(page, "prompt")
    expect(page.locator("#p")).to_have_text("Ada")
    page = opened(ada, site, "leave")
    clicked(page, "Raise hand")
    clicked(page, "Leave")
    expect(page).to_have_title("Thanks")
    assert [dialog.kind for dialog in ada.tabs.dialogs.since(0.0)] == ["confirm", "prompt"]
