"""The page of each HTTP fault, over plain HTTP without a browser; and the fault catalogue, row by row."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from firstbell.journeys.auth.totp import totp
from firstbell.journeys.practice.client import PracticeSchool, PracticeSchoolError
from firstbell.journeys.practice.faults import FAULTS
from firstbell.journeys.practice.options import ADVICE, SERVICES
from firstbell.journeys.practice.services.oidc_provider import LOCKED, WRONG_CREDENTIALS
from firstbell.journeys.practice.services.platform import ZONE
from firstbell.runner.diagnosis.cause import Cause
from tests.support.plain_browser import Answer, Browser, TooManyRedirects, hidden, sign_in

pytestmark = pytest.mark.browser  # Starts servers and depends on time limits.

SOON_S = 0.2
JOURNEYS = {"sign-in", "class-list", "live-class", "plan-b"}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_fault_names_a_service_a_cause_and_a_journey_that_exist(name: str) -> None:
    fault = FAULTS[name]
    assert fault.service in {*SERVICES, ""}
    assert fault.cause in {cause.value for cause in Cause} or fault.degrades
    assert fault.service or fault.cause.startswith(("own-", "stranger")), (
        "a fault without a service is the location's own"
    )
    assert fault.journey in JOURNEYS
    assert fault.needs in {"", *ADVICE}
    assert fault.seen.endswith((".", '."', '".'))


@pytest.fixture
def broken(practice: PracticeSchool, request: pytest.FixtureRequest) -> Iterator[PracticeSchool]:
    """Yields the school with one fault on; switches all faults off afterwards."""
    practice.break_(request.param)
    yield practice
    practice.heal_all()


def under(fault: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("broken", [fault], indirect=True)


def class_list(browser: Browser, practice: PracticeSchool, account: str = "student") -> Answer:
    """Signs in and opens today's classes."""
    browser.follow(sign_in(browser, practice, account))
    return browser.open(f"{practice.introduction.origins['platform']}/classes")


def day(page: Answer) -> dict[str, Any]:
    """Returns the data of the page's script."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None, page.text
    data: dict[str, Any] = json.loads(found[1])
    return data


def titles(page: Answer) -> list[str]:
    return [lesson["title"] for lesson in day(page)["lessons"]]


def test_healthy_class_list_shows_today(practice: PracticeSchool) -> None:
    page = class_list(Browser(), practice)
    assert "Grade 3 Reading" in titles(page)
    today = datetime.now(ZONE)
    assert day(page)["date"] == f"{today:%A, %B} {today.day}"


@pytest.mark.parametrize(
    ("broken", "message"),
    [("sign-in-refuses", WRONG_CREDENTIALS), ("sign-in-account-locked", LOCKED)],
    indirect=["broken"],
)
def test_right_password_is_refused(broken: PracticeSchool, message: str) -> None:
    assert f'role="alert">{message}' in sign_in(Browser(), broken, "student").text


@under("sign-in-code-refused")
def test_all_users_are_asked_for_a_code_and_the_right_one_is_refused(broken: PracticeSchool) -> None:
    browser, person = Browser(), broken.introduction.accounts["student"]
    asked = sign_in(browser, broken, "student")
    code = totp(person.totp_key or "", time.time())
    url = f"{broken.introduction.origins['sign-in']}/code"
    refused = browser.ask("POST", url, {**hidden(asked), "code": code})
    assert "That code is not valid." in refused.text
    broken.heal_all()
    again = browser.ask("POST", url, {**hidden(refused), "code": totp(person.totp_key or "", time.time())})
    assert "/callback?code=" in again.location


@under("sign-in-device-certificate")
def test_expired_device_certificate_is_reported_on_a_page(broken: PracticeSchool) -> None:
    page = Browser().open(f"{broken.introduction.origins['edge']}/sign-in")
    assert (page.status, "device&#39;s certificate has expired" in page.text) == (403, True)


@under("sign-in-loop")
def test_portal_and_sign_in_redirect_in_a_loop(broken: PracticeSchool) -> None:
    with pytest.raises(TooManyRedirects):
        Browser().open(f"{broken.introduction.origins['edge']}/sign-in")


@under("token-broken")
def test_password_is_accepted_but_the_portal_cannot_finish(broken: PracticeSchool) -> None:
    browser = Browser()
    accepted = sign_in(browser, broken, "student")
    assert "/callback?code=" in accepted.location
    page = browser.follow(accepted)
    assert (page.status, "Sign-in is not answering" in page.text) == (502, True)


@pytest.mark.parametrize(
    ("broken", "status", "message"),
    [
        ("platform-500", 500, "Something went wrong"),
        ("platform-maintenance", 200, "Scheduled maintenance"),
        ("platform-429", 429, "Too many users"),
    ],
    indirect=["broken"],
)
def test_platform_shows_an_error_page_instead(broken: PracticeSchool, status: int, message: str) -> None:
    platform = broken.introduction.origins["platform"]
    page = Browser().open(f"{platform}/classes")
    assert (page.status, message in page.text) == (status, True)
    assert Browser().ask("GET", f"{platform}/static/style.css").status == 200
    assert page.headers.get("retry-after") == ("120" if status == 429 else None)


@under("platform-blank")
def test_page_without_its_script_is_empty(broken: PracticeSchool) -> None:
    page = class_list(Browser(), broken)
    body = re.sub(r"<script.*?</script>", "", page.text.partition("<body>")[2], flags=re.DOTALL)
    assert not re.sub(r"<[^>]+>", "", body).strip()
    assert page.status == 200
    script = f"{broken.introduction.origins['platform']}/static/classes.js"
    assert Browser().ask("GET", script).status == 404
    broken.heal_all()
    assert Browser().ask("GET", script).status == 200


@under("platform-forbids")
def test_page_policy_blocks_its_own_script(broken: PracticeSchool) -> None:
    policy = "content-security-policy"
    assert class_list(Browser(), broken).headers[policy] == "script-src 'none'"
    broken.heal_all()
    assert policy not in class_list(Browser(), broken).headers


@under("sessions-wrong-day")
def test_students_see_yesterdays_list_and_teachers_todays(broken: PracticeSchool) -> None:
    page = class_list(Browser(), broken)
    yesterday = datetime.now(ZONE) - timedelta(days=1)
    assert day(page)["date"] == f"{yesterday:%A, %B} {yesterday.day}"
    assert "Library Hour" in titles(page)
    assert "Grade 3 Reading" not in titles(page)
    assert "Grade 3 Reading" in titles(class_list(Browser(), broken, "teacher"))


@under("session-link-dead")
def test_live_link_is_dead_for_students_and_works_for_teachers(broken: PracticeSchool) -> None:
    url = f"{broken.introduction.origins['platform']}/classes/reading-3/live"
    found = {}
    for account in ("student", "teacher"):
        browser = Browser()
        class_list(browser, broken, account)
        found[account] = browser.ask("GET", url).status
    assert found == {"student": 404, "teacher": 303}


@under("platform-cookie-lost")
def test_lost_cookie_shows_a_signed_out_page_instead_of_a_loop(broken: PracticeSchool) -> None:
    browser = Browser()
    for _ in range(2):
        page = class_list(browser, broken)
        assert (page.status, "You are signed out" in page.text) == (200, True)
    assert "Welcome, Ada Zz" in browser.ask("GET", broken.introduction.origins["edge"]).text
    broken.heal_all()
    assert titles(browser.open(f"{broken.introduction.origins['platform']}/sign-in?next=/classes"))


@under("plan-b-503")
def test_plan_b_can_fail_alone(broken: PracticeSchool) -> None:
    origins = broken.introduction.origins
    assert Browser().ask("GET", origins["plan-b"]).status == 503
    assert Browser().ask("GET", origins["edge"]).status == 200


@pytest.mark.parametrize(
    ("broken", "service", "path"),
    [("sign-in-slow", "sign-in", "/authorize"), ("platform-slow", "platform", "/classes")],
    indirect=["broken"],
)
def test_slow_page_does_not_answer_soon_but_its_style_sheet_does(
    broken: PracticeSchool, service: str, path: str
) -> None:
    port = urlsplit(broken.introduction.origins[service]).port or 0
    with urllib3.HTTPConnectionPool("127.0.0.1", port, timeout=SOON_S, retries=False) as pool:
        assert pool.request("GET", "/static/style.css").status == 200
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            pool.request("GET", path)


@under("captive-portal")
def test_captive_portal_answers_for_the_portal_with_its_log_in_page(broken: PracticeSchool) -> None:
    sent = Browser().ask("GET", f"{broken.introduction.origins['edge']}/anything")
    assert (sent.status, urlsplit(sent.location).hostname) == (302, "guest-wifi.localhost")
    assert "Log in to use the internet." in Browser().open(sent.location).text
    for control in broken.introduction.controls:
        assert "This host is up." in Browser().ask("GET", control).text


@pytest.mark.parametrize("fault", [name for name in sorted(FAULTS) if FAULTS[name].needs])
def test_fault_that_cannot_happen_here_is_refused_with_advice(practice: PracticeSchool, fault: str) -> None:
    with pytest.raises(PracticeSchoolError, match=rf"{fault} cannot happen here; start the practice school with"):
        practice.break_(fault)
    assert practice.faults() == ()


def test_own_domain_needs_tls() -> None:
    with pytest.raises(PracticeSchoolError, match=r"did not open: practice\.test needs TLS"):
        PracticeSchool.start(domain="practice.test")
