"""A bot wall makes a step blind and blames nobody; a page with a mere badge, or none, fails as it should."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from firstbell.journeys.stage.ending import EndingKind
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.journeys.stage.stage import Stage

pytestmark = pytest.mark.browser

ADA = Account(username="zz.ada", display_name="Ada", password=Secret(lambda: "x"))
FRAME = '<iframe src="https://{address}/x" width="300" height="200"></iframe>'
TURNSTILE = FRAME.format(address="challenges.cloudflare.com")
CLOSED_TREE = f"<div id=host></div><script>host.attachShadow({{ mode: 'closed' }}).innerHTML = `{TURNSTILE}`</script>"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(FRAME.format(address="challenges.cloudflare.com"), EndingKind.BLIND, id="turnstile"),
        pytest.param(FRAME.format(address="newassets.hcaptcha.com/captcha"), EndingKind.BLIND, id="hcaptcha"),
        pytest.param("<title>Just a moment...</title>", EndingKind.BLIND, id="a page that only says so"),
        pytest.param(CLOSED_TREE, EndingKind.BLIND, id="a challenge in a closed tree"),
        pytest.param(TURNSTILE + '<input name="cf-turnstile-response" value="">', EndingKind.BLIND, id="no token yet"),
        pytest.param(
            TURNSTILE + '<input type="hidden" name="cf-turnstile-response" value="0.tok">',
            EndingKind.FAILED,
            id="a widget that has let us through",
        ),
        pytest.param(
            FRAME.format(address="newassets.hcaptcha.com/captcha")
            + '<textarea name="h-captcha-response-0x" style="display:none">P1_tok</textarea>',
            EndingKind.FAILED,
            id="another maker's",
        ),
        pytest.param(
            TURNSTILE + '<input type="hidden" name="g-recaptcha-response" value="tok">',
            EndingKind.BLIND,
            id="a token of another maker's",
        ),
        pytest.param("<title>Security check</title><input name=code>", EndingKind.FAILED, id="a code is asked for"),
        pytest.param("<title>Just a moment</title>", EndingKind.FAILED, id="an app that starts"),
        pytest.param(
            '<div style="display: none">' + FRAME.format(address="www.google.com/recaptcha/api2/bframe") + "</div>",
            EndingKind.FAILED,
            id="a challenge that nobody is asked",
        ),
        pytest.param(
            FRAME.format(address="www.google.com/recaptcha/api2/anchor"), EndingKind.FAILED, id="a mere badge"
        ),
        pytest.param("<title>My classes</title><p>No classes today</p>", EndingKind.FAILED, id="no wall"),
        pytest.param("<p>Just a moment, please</p>", EndingKind.FAILED, id="words in the page are no wall"),
    ],
)
def test_a_step_that_meets_a_bot_wall_is_blind(page: Page, body: str, kind: EndingKind) -> None:
    def answer(route: Route) -> None:
        is_ours = "portal.example" in route.request.url
        route.fulfill(content_type="text/html", body=body if is_ours else "<p>Are you human?</p>")

    page.context.route("**/*", answer)
    with Stage(run_token="x", observer=NoObserver(), limit_s=1.0) as stage:
        ada = stage.enter("student", ADA, page.context)
        ada.go("https://portal.example/")
        title = expect(ada.page.get_by_text("Grade 3 Reading"))
        with pytest.raises(AssertionError), ada.step("finds the class", relies_on="platform"):
            title.to_be_visible(timeout=200)
    (step,) = stage.steps
    assert step.ending is not None
    assert step.ending.kind is kind, step.ending


@pytest.mark.parametrize(
    ("front", "sent", "kind"),
    [
        pytest.param({"status": 403, "headers": {"cf-mitigated": "challenge"}}, 200, EndingKind.BLIND, id="it says so"),
        pytest.param({"status": 405, "headers": {"x-amzn-waf-action": "captcha"}}, 200, EndingKind.BLIND, id="another"),
        pytest.param({"headers": {"cf-mitigated": "none"}}, 200, EndingKind.FAILED, id="a word that is none"),
        pytest.param({"body": TURNSTILE}, 503, EndingKind.FAILED, id="the service behind it is down"),
        pytest.param({"body": TURNSTILE}, 200, EndingKind.BLIND, id="the service behind it is well"),
    ],
)
def test_an_answer_tells_a_wall_from_an_outage_behind_it(
    page: Page, front: dict[str, Any], sent: int, kind: EndingKind
) -> None:
    def answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=sent, body="x")
        elif "portal.example" in route.request.url:
            route.fulfill(**{"content_type": "text/html", "body": "<a href=/>Home</a>"} | front)
        else:
            route.fulfill(content_type="text/html", body="<p>Are you human?</p>")

    page.context.route("**/*", answer)
    with Stage(run_token="x", observer=NoObserver(), limit_s=1.0) as stage:
        ada = stage.enter("student", ADA, page.context)
        ada.page.goto("https://portal.example/")
        ada.page.evaluate("fetch('/sign-in', { method: 'POST', body: 'x' }).then(answer => answer.text())")
        with pytest.raises(AssertionError), ada.step("signs in", relies_on="sign-in"):
            expect(ada.page.get_by_text("Welcome")).to_be_visible(timeout=200)
    (step,) = stage.steps
    assert step.ending is not None
    assert step.ending.kind is kind, step.ending
