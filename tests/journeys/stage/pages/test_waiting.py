"""A wait ends with what it waited for, whatever else the page says of itself, and early only where nothing can come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.pages.waiting import open_address
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.journeys.stage.stage import Stage

pytestmark = pytest.mark.browser

ADA = Account(username="zz.ada", display_name="Ada", password=Secret(lambda: "x"))
LIMIT_S = 6.0
CLASSES = "<h1>My classes</h1>"
DRAWS = "document.body.insertAdjacentHTML('beforeend', '<h1>My classes</h1>')"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer of the site; `after_s` is the time until it comes."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    abort: str = ""


def html(body: str, status: int = 200, **headers: str) -> Answer:
    return Answer(body=body, status=status, headers=headers)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(run_token="x", observer=NoObserver(), limit_s=LIMIT_S) as stage:
        yield stage


@pytest.fixture
def visit(stage: Stage, page: Page) -> Callable[..., Actor]:
    """An actor in front of a site whose paths answer as given; every other path has the classes."""

    def visitor(**answers: Answer) -> Actor:
        def respond(route: Route) -> None:
            path = route.request.url.partition("portal.example/")[2].partition("?")[0]
            answer = answers.get(path or "front", Answer(body=CLASSES))
            if answer.abort:
                route.abort(answer.abort)
                return
            page.wait_for_timeout(answer.after_s * 1000)
            route.fulfill(
                status=answer.status,
                body=answer.body,
                content_type="text/html",
                headers={"content-type": "text/html", **answer.headers},
            )

        page.context.route("**/*", respond)
        return stage.enter("student", ADA, page.context)

    return visitor


def find_classes(ada: Actor, *, opens: bool = True) -> None:
    if opens:
        ada.go("https://portal.example/")
    ada.wait_for_first(ada.page.get_by_role("heading", name="My classes"))


FORM = "<form action=/next><label>User <input name=user></label> <button>Next</button></form>"


LATER = f"<script>setTimeout(() => {DRAWS}, 1200)</script>"
FADES_IN = "<style>@keyframes a{to{visibility:visible}}h1{visibility:hidden;animation:a 0s 1.4s forwards}</style>"
FALLS_BACK = f'onerror="setTimeout(() => {{ {DRAWS.replace(chr(34), chr(39))} }}, 1200)"'
GOES_ON = "<script>setTimeout(() => location = '/classes', 1400)</script>"


@pytest.mark.parametrize(
    "front",
    [
        pytest.param(html(f"<div id=app></div><script>{DRAWS}</script>", 404), id="an app as the document of a 404"),
        pytest.param(html(LATER, 403), id="one that takes its time, 403"),
        pytest.param(html(CLASSES + "<a href=/x>Math</a>", 500), id="a page that works, with 500"),
        pytest.param(html(CLASSES + FORM, 401), id="a form with 401"),
        pytest.param(html("<p>Scheduled maintenance on Saturday.</p>" + CLASSES), id="a banner"),
        pytest.param(html(f"<title>Site maintenance</title>{LATER}"), id="a title"),
        pytest.param(html(f"<script src=/gone.js async></script>{LATER}"), id="blank for a moment"),
        pytest.param(html("<p>One moment</p><meta http-equiv=refresh content='1; url=/classes'>"), id="a refresh"),
        pytest.param(html("<p>One moment</p>", Refresh="1; url=/classes"), id="a refresh by header"),
        pytest.param(html(f"<p>Busy</p>{GOES_ON}", 503), id="a queue"),
        pytest.param(html(FADES_IN + CLASSES), id="an animation"),
        pytest.param(html(f"<script src=/gone.js {FALLS_BACK}></script>"), id="a fallback"),
        pytest.param(html(f"<img src=/gone.js {FALLS_BACK}>"), id="a handler"),
    ],
)
def test_a_page_that_works_passes_whatever_it_says_of_itself(visit: Callable[..., Actor], front: Answer) -> None:
    ada = visit(front=front, **{"gone.js": Answer(status=404), "x": Answer(status=404)})
    find_classes(ada)


def test_an_answer_that_is_on_its_way_is_waited_for(visit: Callable[..., Actor]) -> None:
    ada = visit(front=html(FORM), next=Answer(body=CLASSES, after_s=2.8))
    ada.go("https://portal.example/")
    ada.page.get_by_role("button", name="Next").click(no_wait_after=True)
    find_classes(ada, opens=False)


@pytest.mark.parametrize(
    ("front", "said"),
    [
        pytest.param(html("<h1>502 Bad Gateway</h1><hr>nginx", 502), "portal.example answered 502", id="502"),
        pytest.param(html("<h1>Down</h1><a href=/>Home</a>", 503), "portal.example answered 503", id="503 with a link"),
        pytest.param(html("<title>Portal</title><p>Hello"), 'the page shows "Portal"', id="a still page without it"),
        pytest.param(html("<h1>Maintenance</h1>"), 'the page says "Maintenance"', id="a stand-in"),
        pytest.param(
            html("<script src=/gone.js></script>"), "blank: portal.example answered 404", id="only a lost script"
        ),
    ],
)
def test_a_wait_ends_early_where_nothing_can_come(visit: Callable[..., Actor], front: Answer, said: str) -> None:
    ada = visit(front=front, **{"gone.js": Answer(status=404)})
    began = time.monotonic()
    with pytest.raises(Broken, match=said):
        find_classes(ada)
    assert time.monotonic() - began < LIMIT_S - 2


def test_a_click_to_a_host_that_refuses_ends_early_and_names_it(visit: Callable[..., Actor]) -> None:
    ada = visit(front=html(FORM), next=Answer(abort="connectionrefused"))
    ada.go("https://portal.example/")
    ada.page.get_by_role("button", name="Next").click()
    with pytest.raises(Broken, match=r"portal.example cannot be reached \(ERR_CONNECTION_REFUSED\).*My classes"):
        find_classes(ada, opens=False)


def test_a_link_to_a_program_of_this_machine_loses_nothing(visit: Callable[..., Actor]) -> None:
    ada = visit(front=html("<a href='zoommtg://join'>Join</a><script>setTimeout(() => {" + DRAWS + "}, 1200)</script>"))
    ada.go("https://portal.example/")
    ada.page.get_by_role("link", name="Join").click()
    find_classes(ada, opens=False)


def test_a_wait_that_is_over_says_what_it_was_for_and_what_was_there(visit: Callable[..., Actor]) -> None:
    ada = visit(front=html("<title>Lobby</title><p>Wait</p><script>setInterval(() => 1, 100)</script>"))
    with pytest.raises(
        Broken, match=r'get_by_role\("heading", name="My classes"\) is not there \(waited 6 s\).*"Lobby"'
    ):
        find_classes(ada)


def test_a_page_whose_script_does_not_come_tells_of_the_whole_wait(visit: Callable[..., Actor]) -> None:
    ada = visit(front=html("<script src=/late.js></script><h1>My classes</h1>"))
    ada.page.context.route("**/late.js", lambda _route: None)
    with pytest.raises(Broken, match=r"not loaded to its end \(waited 1 s\)"):
        open_address(ada.page, ada.tabs.watch_of(ada.page), "https://portal.example/", limit_s=1.0)


@pytest.mark.parametrize(
    ("front", "settles"),
    [
        pytest.param(html("<h1>Not found</h1><a href=/>Home</a>", 404), False, id="nothing was looked for"),
        pytest.param(html("<h1>My classes</h1><a href=/>Home</a>", 404), True, id="it shows what was looked for"),
        pytest.param(html("<h1>My classes</h1>"), True, id="an ordinary page"),
    ],
)
def test_a_journey_that_ends_on_an_error_page_fails(
    stage: Stage, visit: Callable[..., Actor], front: Answer, *, settles: bool
) -> None:
    ada = visit(front=front)
    with ada.step("opens the portal", relies_on="edge"):
        ada.go("https://portal.example/")
        if settles:
            ada.page.get_by_role("heading", name="My classes").click()
    if settles:
        stage.settle()
        return
    with pytest.raises(Broken, match="answered 404"):
        stage.settle()
    assert stage.steps[-1].step.service == "edge"
