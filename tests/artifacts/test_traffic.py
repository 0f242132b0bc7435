"""What one actor's requests came to, as a real browser makes them: hosts with ports, no keys, nothing that is over."""

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
    watching, asked = Traffic(), dict[str, int]()

    def answer(route: Route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        asked[path] = asked.get(path, 0) + 1
        if path == "/once" and asked[path] == 1:
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
    page.on("request", watching.asked)
    page.on("response", watching.answered)
    page.on("requestfailed", watching.failed)
    yield watching
    page.unroute_all()


def test_a_host_is_named_with_its_port_and_a_key_in_a_path_by_nobody(page: Page, traffic: Traffic) -> None:
    page.goto(f"https://learn.x/{INVITATION}/broken?code=1234")
    page.goto("https://live.x:8443/broken")
    troubles = traffic.troubles()
    assert [(one.host, one.path) for one in troubles] == [
        ("learn.x:443", "/***/broken"),
        ("live.x:8443", "/broken"),
    ]
    assert INVITATION not in str(traffic.told())
    assert "1234" not in str(traffic.told())
    assert {one.host for one in traffic.hosts()} == {"learn.x:443", "live.x:8443"}


def test_a_page_that_came_after_all_explains_nothing_and_is_still_written_down(page: Page, traffic: Traffic) -> None:
    page.goto("https://learn.x/once")
    assert [one.status for one in traffic.troubles()] == [503]
    page.goto("https://learn.x/once")
    assert traffic.troubles() == ()
    assert [one["status"] for one in traffic.told()["troubles"]] == [503]
    page.goto("https://learn.x/broken")
    assert [one.path for one in traffic.troubles()] == ["/broken"], "what broke later counts"


def test_whose_page_led_to_one_that_is_not_there(page: Page, traffic: Traffic) -> None:
    page.goto("https://learn.x/list")
    page.get_by_text("Join").click()
    page.wait_for_url("**/gone")
    (trouble,) = traffic.troubles()
    assert (trouble.host, trouble.from_host, trouble.status) == ("live.x:443", "learn.x:443", 404)


def test_a_date_that_nobody_can_have_meant_stops_nothing(page: Page, traffic: Traffic) -> None:
    page.goto("https://learn.x/list")
    assert traffic.clock_offset_s is None
    assert traffic.hosts()[0].answers == 1
