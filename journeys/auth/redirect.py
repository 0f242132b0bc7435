"""Sign-in by redirect: the portal sends to a sign-in page, which sends back; a one-time code in between if asked for.

Not for products that ask for name and password on two pages; those are an adapter of their own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstbell.journeys.adapters.words import Look, Word, word, words_of
from firstbell.journeys.auth.totp import totp
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.page_signs import sign_of

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectWords:
    """The words of a sign-in by redirect."""

    sign_in_link: Word = word("Sign in", Look.PRESS, "The link on the portal's page that leads to the sign-in.")
    username_label: Word = word("Username", Look.FIELD, "The field for the user name.")
    password_label: Word = word("Password", Look.FIELD, "The field for the password.")
    submit_button: Word = word("Sign in", Look.PRESS, "The button that sends the password.")
    code_label: Word = word("One-time code", Look.FIELD, "The field for a one-time code.")
    code_button: Word = word("Verify", Look.PRESS, "The button that sends the code.")
    signed_in_heading: Word = word(r"/^Welcome\b/", Look.HEADING, "The sign that the person is signed in.")


class RedirectSignIn:
    """Finds everything by role and label; the options of the service replace words where a district's differ."""

    words = RedirectWords

    def __init__(self, service: Service) -> None:
        self._words = words_of(RedirectWords, service)

    def sign_in(self, actor: Actor) -> None:
        """From the portal's front page to its signed-in page."""
        page, words = actor.page, self._words
        actor.click(words.sign_in_link.in_(page))
        username = words.username_label.in_(page)
        actor.wait_for_first(username)
        username.fill(actor.account.username)
        words.password_label.in_(page).fill(actor.account.password.reveal())
        words.submit_button.in_(page).click()
        self._answer_code(actor)

    def _answer_code(self, actor: Actor) -> None:
        page, words = actor.page, self._words
        signed_in = words.signed_in_heading.in_(page)
        refusal = page.get_by_role("alert").filter(visible=True)
        code = words.code_label.in_(page)
        sign = actor.wait_for_first(signed_in, refusal, code)
        has_code = sign is code
        if has_code:
            if actor.account.totp_key is None:
                raise Broken(f"a one-time code was asked for, but the {actor.role}'s account has no totp key")
            code.fill(totp(actor.account.totp_key.reveal(), time.time()))
            words.code_button.in_(page).click()
            sign = actor.wait_for_first(signed_in, refusal)
        if sign is refusal:
            said = refusal.inner_text().strip()
            kind = sign_of("", said, "", len(said)) or ("second-factor" if has_code else "credentials-refused")
            raise Broken(f'sign-in refused: "{said}"', sign=kind)
