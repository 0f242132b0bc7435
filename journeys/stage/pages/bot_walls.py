"""Bot walls: a page that asks whether we are human. We do not climb them; what stands behind cannot be judged.

The signs are what the walls' own makers document for their visible challenges. An invisible badge is none, and neither
is a challenge that has let us through, or behind which the service itself has answered with an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Page

from firstbell.journeys.stage.pages.document_watch import DocumentWatch

# A challenge is there when a step has failed, or it is not why: nothing is waited for.
PAGE_READ_MS = 1000.0

FRAMES: Mapping[str, str] = {
    "reCAPTCHA": "recaptcha/api2/bframe",
    "reCAPTCHA Enterprise": "recaptcha/enterprise/bframe",
    "hCaptcha": "hcaptcha.com/captcha",
    "Cloudflare Turnstile": "challenges.cloudflare.com",
    "Arkose": "arkoselabs.com",
    "DataDome": "captcha-delivery.com",
    "GeeTest": "geetest.com",
}
"""Maker -> what the address of its challenge's frame holds."""

TOKENS: Mapping[str, str] = {
    "reCAPTCHA": "g-recaptcha-response",
    "reCAPTCHA Enterprise": "g-recaptcha-response",
    "hCaptcha": "h-captcha-response",
    "Cloudflare Turnstile": "cf-turnstile-response",
    "Arkose": "fc-token",
    "GeeTest": "geetest_validate",
}
"""Maker -> beginning of the name or id of the field in which its widget leaves a token once it has let us through."""

TITLES = re.compile(
    r"^(just a moment\.{3}|attention required! \| cloudflare|pardon our interruption"
    r"|access to this page has been denied|human verification|are you (a )?(human|robot)|robot or human"
    r"|security check|verify you are human)$",
    re.IGNORECASE,
)

# A page with a way in of its own is no wall, whatever its title says: "Security check" may ask for a one-time code.
INTERSTITIAL_SCRIPT = """() => ({
  title: document.title.slice(0, 200),
  fields: [...document.querySelectorAll('input:not([type=hidden]), textarea, select')]
    .filter(field => field.checkVisibility({ visibilityProperty: true, opacityProperty: true })).length,
})"""
LET_THROUGH_SCRIPT = """prefix => ({ given: [...document.querySelectorAll('input, textarea')]
  .some(field => (field.name.startsWith(prefix) || field.id.startsWith(prefix)) && field.value.trim() !== '') })"""


def find_bot_wall(page: Page, watch: DocumentWatch) -> str | None:
    """Which bot wall stands in the way on a page; None when none does, or the page cannot be asked."""
    if watch.challenge:
        return watch.challenge
    for maker, address in FRAMES.items():
        for frame in page.frames:
            if address in frame.url and _is_seen(frame) and not _has_let_through(frame, maker):
                return None if watch.server_error else maker
    found = _ask(page.main_frame, INTERSTITIAL_SCRIPT)
    is_wall = bool(found) and not found["fields"] and bool(TITLES.search(found["title"].strip()))
    return "a page whose title asks whether we are human" if is_wall else None


def _has_let_through(frame: Frame, maker: str) -> bool:
    """Whether the page around a challenge holds its token."""
    around = frame.parent_frame
    return around is not None and maker in TOKENS and bool(_ask(around, LET_THROUGH_SCRIPT, TOKENS[maker]).get("given"))


def _is_seen(frame: Frame) -> bool:
    """Whether a person sees a frame. It may stand in a closed shadow root, where no locator finds it."""
    try:
        frame.frame_element().wait_for_element_state("visible", timeout=PAGE_READ_MS)
    except PlaywrightError:
        return False
    return True


def _ask(frame: Frame, script: str, argument: str | None = None) -> dict[str, Any]:
    """The answer of a frame; empty when it does not answer. Unlike an evaluation this has a time limit."""
    try:
        answer: dict[str, Any] = frame.wait_for_function(script, arg=argument, timeout=PAGE_READ_MS).json_value()
    except PlaywrightError:
        return {}
    return answer
