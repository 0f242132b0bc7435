"""Refused accounts: First Bell's own to mend, unless several are refused at a time or the service itself is broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, Diagnosis
from firstbell.runner.diagnosis.facts import OtherJourney
from firstbell.runner.diagnosis.rules.table import diagnose
from tests.runner.diagnosis.rules.test_rules import AT, AT_SIGN_IN, bad, facts, page, seen, step, well

FORM = {"asks_to_sign_in": True}


def sent(status: int, said: str = "", path: str = "/api/login", method: str = "POST", host: str = "id.x") -> Any:
    return FailedRequest(
        host=f"{host}:443", path=path, method=method, kind="fetch", page_host="id.x:443", status=status, said=said
    )


def found(*requests: FailedRequest, text: str = "Sign in", form: bool = True, **given: Any) -> Diagnosis:
    shown = page("id.x", text=text, asks_to_sign_in=form)
    usual: dict[str, Any] = {"steps": AT_SIGN_IN, "seen": seen(*requests, pages=(shown,)), "account": "kid"}
    return diagnose(facts(usual | given))


@pytest.mark.parametrize(
    ("diagnosis", "cause"),
    [
        (found(text="Username Password Wrong user name or password."), Cause.CREDENTIALS_REFUSED),
        (found(text="Enter your email. Couldn't find your account.", form=False), Cause.CREDENTIALS_REFUSED),
        (found(sent(401)), Cause.CREDENTIALS_REFUSED),
        (found(sent(401, path="/realms/x/protocol/openid-connect/token")), Cause.CREDENTIALS_REFUSED),
        (found(sent(400, "invalid_grant: Invalid user credentials", "/x")), Cause.CREDENTIALS_REFUSED),
        (found(sent(400, "AADSTS50126: Error validating credentials")), Cause.CREDENTIALS_REFUSED),
        (found(sent(403, "Tu cuenta está bloqueada.")), Cause.ACCOUNT_LOCKED),
        (found(sent(429, "Too many failed attempts")), Cause.ACCOUNT_LOCKED),
        (found(sent(422, "PASSWORD_EXPIRED")), Cause.PASSWORD_EXPIRED),
    ],
)
def test_one_refused_account_is_ours_to_mend(diagnosis: Diagnosis, cause: Cause) -> None:
    assert (diagnosis.service, diagnosis.cause, diagnosis.is_own) == ("", cause, True)
    assert diagnosis.confidence is Confidence.MEDIUM
    assert "id.x" in diagnosis.because[0].said
    assert "'kid'" in diagnosis.because[1].said


@pytest.mark.parametrize(
    "diagnosis",
    [
        pytest.param(
            found(sent(401, method="GET", path="/api/session")), id="a page that asks whether it has a session"
        ),
        pytest.param(found(sent(401, path="/telemetry")), id="statistics that need a key"),
        pytest.param(found(sent(401, "invalid_client", path="/oauth/token")), id="the portal's own secret"),
        pytest.param(found(sent(400, "invalid_grant: Code not valid")), id="a code that was used twice"),
        pytest.param(found(sent(403, "CSRF token mismatch")), id="a form that is too old"),
        pytest.param(found(sent(403)), id="a firewall"),
        pytest.param(found(sent(500, "Internal error")), id="a broken sign-in"),
        pytest.param(found(sent(401), form=False), id="no form any more"),
        pytest.param(found(text="Your account will be locked after 5 wrong passwords."), id="a notice"),
        pytest.param(found(text="Password expired? Reset it."), id="a question"),
        pytest.param(found(text="Username Password Forgot password? Sign in"), id="a healthy form"),
    ],
)
def test_other_troubles_of_a_sign_in_are_no_refused_account(diagnosis: Diagnosis) -> None:
    assert not diagnosis.is_own, diagnosis


def test_several_accounts_refused_in_the_same_minutes_are_the_services_fault() -> None:
    everyone = found(sent(401), refused_accounts=("kid", "ms-rivera"))
    assert (everyone.service, everyone.cause, everyone.is_own) == ("sign-in", Cause.CREDENTIALS_REFUSED, False)
    again = found(sent(401), refused_accounts=("kid",))
    assert (again.service, again.is_own) == ("", True), "the same account twice is one account"


def test_an_account_is_surely_the_cause_where_another_one_signs_in() -> None:
    other = OtherJourney(journey="staff", outcome="passed", at=AT, signed_in=("ms-rivera",))
    assert found(sent(401), beside=(other,), at=AT).confidence is Confidence.HIGH
    earlier = replace(other, at=AT - timedelta(minutes=1))
    before = found(sent(401), beside=(earlier,), at=AT)
    assert before.confidence is Confidence.MEDIUM, "the sign-in may refuse everybody since"
    assert "meanwhile" not in " ".join(reason.said for reason in before.because)
    teacher_first = (step("sign-in", actor="teacher", is_well=True), bad("sign-in"))
    assert found(sent(401), steps=teacher_first).confidence is Confidence.HIGH
    same = OtherJourney(journey="staff", outcome="passed", at=AT, signed_in=("kid",))
    assert found(sent(401), beside=(same,), at=AT).confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("said", "service", "cause"),
    [
        ('sign-in refused: "Mot de passe incorrect."', "", Cause.CREDENTIALS_REFUSED),
        ('sign-in refused: "Rossz jelszó."', "", Cause.CREDENTIALS_REFUSED),
        ('sign-in refused: "Account locked."', "", Cause.ACCOUNT_LOCKED),
        ('sign-in refused: "Sign-in is not available. Try again later."', "sign-in", Cause.SERVER_ERROR),
    ],
)
def test_an_alert_that_speaks_of_an_outage_is_no_refused_account(said: str, service: str, cause: Cause) -> None:
    steps = (well("edge"), bad("sign-in", sign="credentials-refused", said=said))
    diagnosis = diagnose(facts({"steps": steps}))
    assert (diagnosis.service, diagnosis.cause) == (service, cause)
    assert diagnosis.confidence is Confidence.MEDIUM


def test_a_dialog_beside_the_form_says_why() -> None:
    shown = page("id.x", text="Sign in", asks_to_sign_in=True)
    told = replace(seen(pages=(shown,)), dialogs=("Your password has expired. Call the help desk.",))
    diagnosis = diagnose(facts({"steps": AT_SIGN_IN, "seen": told, "account": "kid"}))
    assert (diagnosis.service, diagnosis.cause) == ("", Cause.PASSWORD_EXPIRED)
    assert "in a dialog" in diagnosis.because[0].said


def test_a_session_is_not_lost_where_no_sign_in_has_passed() -> None:
    shown = page("portal.x", text="Family access", asks_to_sign_in=True)
    steps = (well("edge"), bad("edge"))
    assert diagnose(facts({"steps": steps, "seen": seen(pages=(shown,))})).cause is not Cause.SESSION_LOST
