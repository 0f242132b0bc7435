"""Traffic of an actor in a real browser: hosts with ports, no random parts of paths, and no resolved failures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route

from firstbell.artifacts.traffic import Traffic

pytestmark = pytest.mark.browser

INVITATION = "k3f9tq7Lw02mZx8Rb4Nc6Vd1Hs5"
STATUS = {"/broken": 503, "/gone": 404}


@pytest.fixture
def traffic(page: Page) -> Iterator[Traffic]:
    """A district of two hosts at the default port, the first of which leads to the second."""
    recorder, requests = Traffic(), dict[str, int]()

    def answer(route: Route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        requests[path] = requests.get(path, 0) + 1
        if path == "/once" and requests[path] == 1:
            route.fulfill(status=503, body="overloaded")
        else:
            date = "Mon, 01 Jan 2020 00:00:00 +99999999999999999999"
            link = '<a href="https://live.x/gone">Join</a>'
            route.fulfill(
                status=STATUS.get(path, 503 if INVITATION in path else 200),
                headers={"date": date},
                content_type="text/html",
                body=link,
            )

    page.route("**/*", answer)
    page.on("request", recorder.on_request)
    page.on("response", recorder.on_response)
    page.on("requestfinished", recorder.on_request_finished)
    page.on("requestfailed", recorder.on_request_failed)
    yield recorder
    page.unroute_all()


def test_failed_request_has_host_and_port_and_no_random_part_of_a_path(page: Page, traffic: Traffic) -> None:
    page.goto(f"https://learn.x/{INVITATION}/broken?code=1234")
    page.goto("https://live.x:8443/broken")
    failures = traffic.failed_requests()
    assert [(failure.host, failure.path) for failure in failures] == [
        ("learn.x:443", "/***/broken"),
        ("live.x:8443", "/broken"),
    ]
    assert INVITATION not in str(traffic.document())
    assert "1234" not in str(traffic.document())
    assert {failure.host for failure in traffic.hosts()} == {"learn.x:443", "live.x:8443"}


def test_failed_page_that_loads_later_is_written_down_but_not_reported(page: Page, traffic: Traffic) -> None:
    page.goto("https://learn.x/once")
    assert [failure.status for failure in traffic.failed_requests()] == [503]
    page.goto("https://learn.x/once")
    assert traffic.failed_requests() == ()
    assert [failure["status"] for failure in traffic.document()["troubles"]] == [503]
    page.goto("https://learn.x/broken")
    assert [failure.path for failure in traffic.failed_requests()] == ["/broken"], "what broke later counts"


def test_failed_request_names_the_host_of_the_page_that_linked_to_it(page: Page, traffic: Traffic) -> None:
    page.goto("https://learn.x/list")
    page.get_by_text("Join").click()
    page.wait_for_url("**/gone")
    (failure,) = traffic.failed_requests()
    assert (failure.host, failure.from_host, failure.status) == ("live.x:443", "learn.x:443", 404)


def test_invalid_date_header_is_ignored(page: Page, traffic: Traffic) -> None:
    page.goto("https://learn.x/list")
    assert traffic.clock_offset_s is None
    assert traffic.hosts()[0].answers == 1
