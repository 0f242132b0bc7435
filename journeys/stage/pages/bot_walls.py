"""Bot walls: a page that asks whether we are human. We do not climb them; what stands behind cannot be judged.

The signs are what the walls' own makers document for their visible challenges. An invisible badge is none.
"""

from __future__ import annotations

import re

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

# A challenge is there when a step has failed, or it is not why: nothing is waited for.
PAGE_READ_MS = 1000.0

FRAMES = {
    "reCAPTCHA": "recaptcha/api2/bframe",
    "reCAPTCHA Enterprise": "recaptcha/enterprise/bframe",
    "hCaptcha": "hcaptcha.com/captcha",
    "Cloudflare Turnstile": "challenges.cloudflare.com",
    "Arkose": "arkoselabs.com",
    "DataDome": "captcha-delivery.com",
    "GeeTest": "geetest.com",
}
"""Maker -> what the address of its challenge's frame holds."""

TITLES = re.compile(
    r"^(just a moment|attention required! \| cloudflare|pardon our interruption|access to this page has been denied"
    r"|human verification|are you (a )?(human|robot)|robot or human|security check$|verify you are human)",
    re.IGNORECASE,
)


def find_bot_wall(page: Page) -> str | None:
    """Which bot wall a page shows; None when it shows none, or cannot be asked."""
    for maker, address in FRAMES.items():
        if any(address in frame.url for frame in page.frames) and _is_seen(page, address):
            return maker
    try:
        # Asked for the text and not expected: a trace would show an expectation that failed where nothing did.
        title = page.locator("title").first.text_content(timeout=PAGE_READ_MS) or ""
    except PlaywrightError:
        return None
    return "a page whose title asks whether we are human" if TITLES.search(title.strip()) else None


def _is_seen(page: Page, address: str) -> bool:
    frames = page.locator(f'iframe[src*="{address}"]').filter(visible=True)
    try:
        frames.first.wait_for(timeout=PAGE_READ_MS)
    except PlaywrightError:
        return False
    return True
