"""Which exceptions blame the service, which only say that we could not look, and what they say in one line."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.stage.ending import EndingKind
from firstbell.journeys.stage.failures import REASON_LIMIT, Blind, Broken, ending_of, lost_document, one_line

REFUSED = "Page.goto: net::ERR_CONNECTION_REFUSED at http://portal.localhost:1/?token=abc\nCall log:\n  - navigating"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(Broken("503"), EndingKind.FAILED, id="an adapter is certain"),
        pytest.param(AssertionError("no"), EndingKind.FAILED, id="an expectation"),
        pytest.param(PlaywrightTimeout("Timeout 10000ms exceeded."), EndingKind.FAILED, id="a time-out"),
        pytest.param(PlaywrightError(REFUSED), EndingKind.FAILED, id="a dead host"),
        pytest.param(PlaywrightError("net::ERR_INTERNET_DISCONNECTED"), EndingKind.ERRORED, id="no network here"),
        pytest.param(
            PlaywrightError("Target page, context or browser has been closed"), EndingKind.ERRORED, id="crash"
        ),
        pytest.param(Blind("captcha"), EndingKind.BLIND, id="a wall"),
        pytest.param(TypeError("bug"), EndingKind.ERRORED, id="a bug in the journey"),
    ],
)
def test_only_the_services_own_fault_blames_it(error: Exception, kind: EndingKind) -> None:
    assert ending_of(error).kind is kind


def test_a_dead_host_is_named_without_the_rest_of_its_address() -> None:
    assert one_line(PlaywrightError(REFUSED)) == "portal.localhost:1 cannot be reached (ERR_CONNECTION_REFUSED)"


def test_a_failed_expectation_becomes_one_line() -> None:
    text = (
        "Locator expected to have text 'In class'\nActual value: Connecting\nError: element(s) not found \n"
        'Call log:\n  - Expect "to_have_text" with timeout 5000ms'
    )
    said = one_line(AssertionError(text))
    assert said == "Locator expected to have text 'In class'; found: another value"
    assert one_line(AssertionError(text), quotes=True).endswith("'In class'; found: Connecting")


def test_a_message_from_a_page_is_one_bounded_line() -> None:
    said = one_line(Broken("x\n" * 1000))
    assert len(said) == REASON_LIMIT
    assert "\n" not in said


@pytest.mark.parametrize(
    ("error", "host"),
    [
        (PlaywrightError("Page.goto: net::ERR_NAME_NOT_RESOLVED at https://portal.x:8443/?token=abc"), "portal.x:8443"),
        (Broken("in whatever words", unresolved="portal.x"), "portal.x"),
        (PlaywrightError(REFUSED), ""),
        (PlaywrightError("net::ERR_NAME_NOT_RESOLVED"), ""),
        (Broken("portal.x cannot be reached (ERR_NAME_NOT_RESOLVED)"), ""),
        (AssertionError("ERR_NAME_NOT_RESOLVED"), ""),
    ],
    ids=["the browser names it", "an adapter names it", "refused", "no address", "only words", "an expectation"],
)
def test_an_ending_has_its_unresolved_host(error: Exception, host: str) -> None:
    assert ending_of(error).unresolved == host


@pytest.mark.parametrize(("error", "host"), [("net::ERR_NAME_NOT_RESOLVED", "portal.x"), ("net::ERR_FAILED", "")])
def test_a_lost_document_has_its_unresolved_host(error: str, host: str) -> None:
    assert lost_document("portal.x", error).unresolved == host
