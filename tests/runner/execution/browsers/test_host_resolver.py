"""Tests a location's own name server: the browser's arguments, and the address that it connects to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Error, Playwright

from firstbell.journeys.stage.service import Service
from firstbell.runner.diagnosis.location import Location
from firstbell.runner.diagnosis.targets import Egress
from firstbell.runner.execution.browsers.discovery import find_browser, launch_options
from firstbell.runner.execution.browsers.host_resolver import browser_args
from tests.support.hosts import answering, datagrams, name_server, page, server

ZONE = {"portal.district.example": ("127.0.0.1",), "learn.district.example": ("2001:db8::7", "127.0.0.2")}


@pytest.fixture
def open_() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def service(*urls: str) -> list[Service]:
    return [Service(name=f"s{number}", owner="x", url=url, kind="") for number, url in enumerate(urls)]


def test_only_hosts_of_services_are_resolved_and_once_each(open_: ExitStack) -> None:
    port = open_.enter_context(datagrams(name_server(ZONE)))
    services = service(
        "https://portal.district.example",
        "https://portal.district.example:8443",
        "https://gone.district.example",
        "http://192.0.2.1",
        "http://portal.localhost:9",
    )
    rules = "MAP portal.district.example 127.0.0.1, MAP gone.district.example ~NOTFOUND"
    assert browser_args(services, Egress(resolver=f"127.0.0.1:{port}")) == (f"--host-resolver-rules={rules}",)
    assert browser_args(services, Egress(resolver=f"127.0.0.1:{port}", proxy="http://filter:8080")) == ()
    assert browser_args(services, Egress()) == ()
    assert browser_args(service("http://192.0.2.1"), Egress(resolver=f"127.0.0.1:{port}")) == ()


def test_unreachable_address_is_not_chosen(open_: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbell.runner.diagnosis.probes.dns_lookup._has_route", lambda address: ":" not in address)
    port = open_.enter_context(datagrams(name_server(ZONE)))
    (rules,) = browser_args(service("https://learn.district.example"), Egress(resolver=f"127.0.0.1:{port}"))
    assert rules.endswith("MAP learn.district.example 127.0.0.2")


@pytest.mark.browser
def test_browser_follows_the_name_server_and_sees_missing_names(open_: ExitStack, playwright: Playwright) -> None:
    names = open_.enter_context(datagrams(name_server(ZONE)))
    web = open_.enter_context(server(answering(page())))
    portal, gone = f"http://portal.district.example:{web}", f"http://gone.district.example:{web}"
    naming = browser_args(service(portal, gone), Egress(resolver=f"127.0.0.1:{names}"))
    options = launch_options(find_browser(), (Location(naming=naming), None))
    browser = playwright.chromium.launch(**options)
    open_.callback(browser.close)
    shown = browser.new_page()
    shown.goto(portal)
    assert shown.title() == "Portal"
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        shown.goto(gone)
