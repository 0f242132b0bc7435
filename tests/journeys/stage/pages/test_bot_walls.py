"""A bot wall makes a step blind and blames nobody; a page with a mere badge, or none, fails as it should."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(FRAME.format(address="challenges.cloudflare.com"), EndingKind.BLIND, id="turnstile"),
        pytest.param(FRAME.format(address="newassets.hcaptcha.com/captcha"), EndingKind.BLIND, id="hcaptcha"),
        pytest.param("<title>Just a moment...</title>", EndingKind.BLIND, id="a page that only says so"),
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
