"""The practice school's sign-in over plain HTTP: it lets the right people through, and checks what it is told."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from firstbell.journeys.auth.totp import totp
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.practice.services.oidc_provider import LOCKED, WRONG_CREDENTIALS, challenge_of
from tests.support.plain_browser import Browser, hidden, sign_in

VERIFIER = "v" * 50


def test_the_right_password_leads_back_to_a_portal_that_knows_you(practice: PracticeSchool) -> None:
    browser, edge = Browser(), practice.introduction.origins["edge"]
    back = sign_in(browser, practice, "student")
    assert back.location.startswith(f"{edge}/callback?code=")
    browser.ask("GET", back.location)
    assert "Welcome, Ada Zz" in browser.ask("GET", edge).text


@pytest.mark.parametrize(
    ("account", "password", "said"),
    [("student", "wrong", WRONG_CREDENTIALS), ("student-locked", None, LOCKED)],
)
def test_others_are_told_why_not(practice: PracticeSchool, account: str, password: str | None, said: str) -> None:
    answer = sign_in(Browser(), practice, account, password)
    assert answer.status == 200
    assert f'role="alert">{said}' in answer.text


def test_a_second_factor_is_asked_for_and_checked(practice: PracticeSchool) -> None:
    browser, origins = Browser(), practice.introduction.origins
    asked = sign_in(browser, practice, "student-totp")
    refused = browser.ask("POST", f"{origins['sign-in']}/code", {**hidden(asked), "code": "000000x"})
    assert "That code is not valid." in refused.text
    key = practice.introduction.accounts["student-totp"].totp_key or ""
    code = totp(key, time.time())
    back = browser.ask("POST", f"{origins['sign-in']}/code", {**hidden(refused), "code": code})
    assert "/callback?code=" in back.location


def test_a_form_from_another_browser_is_refused(practice: PracticeSchool) -> None:
    origins = practice.introduction.origins
    form = Browser().follow(Browser().ask("GET", f"{origins['edge']}/sign-in"))
    fields = {**hidden(form), "username": "zz.student01", "password": "x"}
    assert Browser().ask("POST", f"{origins['sign-in']}/sign-in", fields).status == 400


def grant(practice: PracticeSchool) -> tuple[str, dict[str, str]]:
    """A fresh code for a client that chose its own verifier, and the exchange that should work."""
    browser, origins = Browser(), practice.introduction.origins
    callback = f"{origins['edge']}/callback"
    wanted = {
        "response_type": "code",
        "client_id": "edge",
        "redirect_uri": callback,
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    form = browser.ask("GET", f"{origins['sign-in']}/authorize?{urlencode(wanted)}")
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


def test_a_code_is_exchanged_once(practice: PracticeSchool) -> None:
    token, exchange = grant(practice)
    assert "id_token" in Browser().ask("POST", token, exchange).text
    assert Browser().ask("POST", token, exchange).status == 400


@pytest.mark.parametrize(
    "change",
    [{"code_verifier": "w" * 50}, {"redirect_uri": "http://elsewhere.example/"}, {"client_id": "platform"}],
    ids=["wrong verifier", "wrong address", "wrong client"],
)
def test_a_code_in_the_wrong_hands_is_worth_nothing(practice: PracticeSchool, change: dict[str, str]) -> None:
    token, exchange = grant(practice)
    assert Browser().ask("POST", token, exchange | change).status == 400


def test_a_stranger_cannot_have_people_sent_to_him(practice: PracticeSchool) -> None:
    origins = practice.introduction.origins
    wanted = {"client_id": "edge", "redirect_uri": "http://elsewhere.example/", "response_type": "code"}
    assert Browser().ask("GET", f"{origins['sign-in']}/authorize?{urlencode(wanted)}").status == 400


def test_an_answer_to_a_question_nobody_asked_is_refused(practice: PracticeSchool) -> None:
    edge = practice.introduction.origins["edge"]
    assert Browser().ask("GET", f"{edge}/callback?code=x&state=y").status == 400


def test_sign_in_never_sends_anybody_to_another_site(practice: PracticeSchool) -> None:
    browser, origins = Browser(), practice.introduction.origins
    form = browser.follow(browser.ask("GET", f"{origins['edge']}/sign-in?next=//elsewhere.example/"))
    person = practice.introduction.accounts["student"]
    fields = {**hidden(form), "username": person.username, "password": person.password}
    back = browser.ask("POST", f"{origins['sign-in']}/sign-in", fields)
    assert browser.ask("GET", back.location).location == "/"
