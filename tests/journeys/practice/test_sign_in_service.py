"""The practice school's sign-in service over plain HTTP: right and wrong credentials, codes and redirects."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from firstbell.journeys.auth.totp import totp
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.practice.services.oidc_provider import LOCKED, WRONG_CREDENTIALS, challenge_of
from tests.support.plain_browser import Browser, hidden, sign_in

VERIFIER = "v" * 50


def test_right_password_signs_in_at_the_portal(practice: PracticeSchool) -> None:
    browser, edge = Browser(), practice.introduction.origins["edge"]
    back = sign_in(browser, practice, "student")
    assert back.location.startswith(f"{edge}/callback?code=")
    browser.ask("GET", back.location)
    assert "Welcome, Ada Zz" in browser.ask("GET", edge).text


@pytest.mark.parametrize(
    ("account", "password", "message"),
    [("student", "wrong", WRONG_CREDENTIALS), ("student-locked", None, LOCKED)],
)
def test_wrong_password_and_locked_account_show_the_reason(
    practice: PracticeSchool, account: str, password: str | None, message: str
) -> None:
    answer = sign_in(Browser(), practice, account, password)
    assert answer.status == 200
    assert f'role="alert">{message}' in answer.text


def test_one_time_code_is_asked_for_and_checked(practice: PracticeSchool) -> None:
    browser, origins = Browser(), practice.introduction.origins
    asked = sign_in(browser, practice, "student-totp")
    refused = browser.ask("POST", f"{origins['sign-in']}/code", {**hidden(asked), "code": "000000x"})
    assert "That code is not valid." in refused.text
    key = practice.introduction.accounts["student-totp"].totp_key or ""
    code = totp(key, time.time())
    back = browser.ask("POST", f"{origins['sign-in']}/code", {**hidden(refused), "code": code})
    assert "/callback?code=" in back.location


def test_form_from_another_browser_is_refused(practice: PracticeSchool) -> None:
    origins = practice.introduction.origins
    form = Browser().follow(Browser().ask("GET", f"{origins['edge']}/sign-in"))
    fields = {**hidden(form), "username": "zz.student01", "password": "x"}
    assert Browser().ask("POST", f"{origins['sign-in']}/sign-in", fields).status == 400


def grant(practice: PracticeSchool) -> tuple[str, dict[str, str]]:
    """Returns the token endpoint, and a valid exchange of a fresh code."""
    browser, origins = Browser(), practice.introduction.origins
    callback = f"{origins['edge']}/callback"
    query = {
        "response_type": "code",
        "client_id": "edge",
        "redirect_uri": callback,
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    form = browser.ask("GET", f"{origins['sign-in']}/authorize?{urlencode(query)}")
    person = practice.introduction.accounts["student"]
    fields = {**hidden(form), "username": person.username, "password": person.password}
    back = browser.ask("POST", f"{origins['sign-in']}/sign-in", fields)
    code = parse_qs(urlsplit(back.location).query)["code"][0]
    exchange = {
        "grant_type": "authorization_code",
        "client_id": "edge",
        "redirect_uri": callback,
        "code": code,
        "code_verifier": VERIFIER,
    }
    return f"{origins['sign-in']}/token", exchange


def test_code_is_exchanged_only_once(practice: PracticeSchool) -> None:
    token, exchange = grant(practice)
    assert "id_token" in Browser().ask("POST", token, exchange).text
    assert Browser().ask("POST", token, exchange).status == 400


@pytest.mark.parametrize(
    "change",
    [{"code_verifier": "w" * 50}, {"redirect_uri": "http://elsewhere.example/"}, {"client_id": "platform"}],
    ids=["wrong verifier", "wrong address", "wrong client"],
)
def test_code_with_a_wrong_verifier_address_or_client_is_refused(
    practice: PracticeSchool, change: dict[str, str]
) -> None:
    token, exchange = grant(practice)
    assert Browser().ask("POST", token, exchange | change).status == 400


def test_unregistered_redirect_address_is_refused(practice: PracticeSchool) -> None:
    origins = practice.introduction.origins
    query = {"client_id": "edge", "redirect_uri": "http://elsewhere.example/", "response_type": "code"}
    assert Browser().ask("GET", f"{origins['sign-in']}/authorize?{urlencode(query)}").status == 400


def test_callback_without_a_pending_sign_in_is_refused(practice: PracticeSchool) -> None:
    edge = practice.introduction.origins["edge"]
    assert Browser().ask("GET", f"{edge}/callback?code=x&state=y").status == 400


def test_sign_in_never_redirects_to_another_site(practice: PracticeSchool) -> None:
    browser, origins = Browser(), practice.introduction.origins
    form = browser.follow(browser.ask("GET", f"{origins['edge']}/sign-in?next=//elsewhere.example/"))
    person = practice.introduction.accounts["student"]
    fields = {**hidden(form), "username": person.username, "password": person.password}
    back = browser.ask("POST", f"{origins['sign-in']}/sign-in", fields)
    assert browser.ask("GET", back.location).location == "/"
