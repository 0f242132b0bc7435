"""The practice school with TLS in Chromium: trusted sign-in, and the browser error of each wrong certificate."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from playwright.sync_api import Browser, BrowserType, Page, expect
from playwright.sync_api import Error as PlaywrightError

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.execution.browsers.ca_store import ca_home

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("certutil") is None, reason="certutil is missing; to run this test: apt-get install libnss3-tools"
    ),
]

BROWSER_ERRORS = {
    "portal-certificate-expired": "ERR_CERT_DATE_INVALID",
    "portal-certificate-name": "ERR_CERT_COMMON_NAME_INVALID",
    "portal-certificate-untrusted": "ERR_CERT_AUTHORITY_INVALID",
    "captive-portal": "ERR_CERT_AUTHORITY_INVALID",
    "portal-cut": "ERR_CONNECTION_RESET",
    "portal-unreachable": "ERR_CONNECTION_REFUSED",
}


@pytest.fixture(scope="module")
def behind_tls() -> Iterator[PracticeSchool]:
    with PracticeSchool.start(tls=True) as school:
        yield school


@pytest.fixture(scope="module")
def trusting_browser(
    behind_tls: PracticeSchool,
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "ca.pem").write_text(behind_tls.introduction.ca)
    home = ca_home([folder / "ca.pem"], folder)
    browser = browser_type.launch(**{**browser_type_launch_args, "env": {**os.environ, "HOME": str(home)}})
    yield browser
    browser.close()


@pytest.fixture
def opened(trusting_browser: Browser, behind_tls: PracticeSchool) -> Iterator[Page]:
    with trusting_browser.new_context() as context:
        yield context.new_page()
    behind_tls.heal_all()


def test_student_signs_in_over_tls_and_finds_the_class(opened: Page, behind_tls: PracticeSchool) -> None:
    school = behind_tls.introduction
    opened.goto(school.origins["edge"])
    opened.get_by_role("link", name="Sign in", exact=True).click()
    opened.get_by_label("Username").fill(school.accounts["student"].username)
    opened.get_by_label("Password").fill(school.accounts["student"].password)
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_role("link", name="My classes").click()
    opened.get_by_role("list", name="Today's classes").get_by_role("link", name=school.class_title).click()
    expect(opened.get_by_role("link", name="Join live session")).to_be_visible()
    assert opened.url.startswith("https://learn.localhost:")


@pytest.mark.parametrize("fault", sorted(BROWSER_ERRORS))
def test_each_network_fault_reaches_a_browser_with_open_connections(
    opened: Page, behind_tls: PracticeSchool, fault: str
) -> None:
    edge = behind_tls.introduction.origins["edge"]
    assert opened.goto(edge) is not None
    behind_tls.break_(fault)
    with pytest.raises(PlaywrightError, match=f"net::{BROWSER_ERRORS[fault]}"):
        opened.goto(edge)
    behind_tls.heal(fault)
    with opened.context.new_page() as fresh:
        answer = fresh.goto(edge)
        assert answer is not None
        assert answer.status == 200


def test_page_cut_half_way_has_a_response_and_fails(opened: Page, behind_tls: PracticeSchool) -> None:
    behind_tls.break_("portal-half-pages")
    with opened.expect_event("requestfailed") as failed:
        answer = opened.goto(behind_tls.introduction.origins["edge"], wait_until="commit")
    assert answer is not None
    assert answer.status == 200
    assert failed.value.failure == "net::ERR_CONNECTION_RESET"


def test_captive_portal_redirects_plain_http_to_its_log_in_page(behind_tls: PracticeSchool) -> None:
    behind_tls.break_("captive-portal")
    port = behind_tls.introduction.origins["edge"].rpartition(":")[2]
    sent = urllib3.request("GET", f"http://127.0.0.1:{port}/", redirect=False, retries=False)
    behind_tls.heal_all()
    assert sent.status == 302
    assert re.match(r"http://guest-wifi\.localhost:\d+/login", sent.headers["location"])


def test_browser_without_the_authority_does_not_trust_the_school(browser: Browser, behind_tls: PracticeSchool) -> None:
    """Control test: without the authority, the healthy school is not trusted either."""
    with browser.new_context() as context, pytest.raises(PlaywrightError, match="ERR_CERT_AUTHORITY_INVALID"):
        context.new_page().goto(behind_tls.introduction.origins["edge"])
