"""Sign-in by redirect: the portal sends to a sign-in page, which sends back; a one-time code in between if asked for.

Not for products that ask for name and password on two pages; those are an adapter of their own.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from firstbell.journeys.auth.totp import totp
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.page_signs import sign_of

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.service import Service


class RedirectSignIn:
    """Finds everything by role and label; `options` of the service replace the words where a district's differ.

    Words: `sign_in_link`, `username_label`, `password_label`, `submit_button`, `code_label`, `code_button`, and
    `signed_in_heading`, a regular expression that the heading of the signed-in page matches.
    """

    def __init__(self, service: Service) -> None:
        self._words = service.options

    def sign_in(self, actor: Actor) -> None:
        """From the portal's front page to its signed-in page."""
        page = actor.page
        actor.click(page.get_by_role("link", name=self._word("sign_in_link", "Sign in"), exact=True))
        username = page.get_by_label(self._word("username_label", "Username"), exact=True)
        actor.wait_for_first(username)
        username.fill(actor.account.username)
        page.get_by_label(self._word("password_label", "Password"), exact=True).fill(actor.account.password.reveal())
        page.get_by_role("button", name=self._word("submit_button", "Sign in"), exact=True).click()
        self._answer_code(actor)

    def _answer_code(self, actor: Actor) -> None:
        page = actor.page
        signed_in = page.get_by_role("heading", name=re.compile(self._word("signed_in_heading", r"^Welcome\b")))
        refusal = page.get_by_role("alert").filter(visible=True)
        code = page.get_by_label(self._word("code_label", "One-time code"), exact=True)
        sign = actor.wait_for_first(signed_in, refusal, code)
        has_code = sign is code
        if has_code:
            if actor.account.totp_key is None:
                raise Broken(f"a one-time code was asked for, but the {actor.role}'s account has no totp key")
            code.fill(totp(actor.account.totp_key.reveal(), time.time()))
            page.get_by_role("button", name=self._word("code_button", "Verify"), exact=True).click()
            sign = actor.wait_for_first(signed_in, refusal)
        if sign is refusal:
            words = refusal.inner_text().strip()
            kind = sign_of("", words, "", len(words)) or ("second-factor" if has_code else "credentials-refused")
            raise Broken(f'sign-in refused: "{words}"', sign=kind)

    def _word(self, key: str, default: str) -> str:
        return self._words.get(key, default)
