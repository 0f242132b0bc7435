"""The words of a sign-in by redirect."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.journeys.adapters.words import Look, Word, switch, word

_SAML = 'css=form:has(input[name="SAMLResponse"], input[name="SAMLRequest"], input[name="wresult"])'


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectWords:
    """One word for each screen of the sign-in, and for its answer."""

    sign_in_link: Word = word("Sign in", Look.PRESS, "On the portal's page, the way to the sign-in.")
    provider_button: Word = word("", Look.PRESS, 'The choice of the provider, such as "Log in with Clever".')
    other_account: Word = word("Use another account", Look.PRESS, "In a list of accounts, the way to a new one.")
    username_label: Word = word("Username", Look.FIELD, "The field for the user name.")
    next_button: Word = word("Next", Look.PRESS, "The button after the user name, where the password has a page.")
    password_label: Word = word("Password", Look.FIELD, "The field for the password.")
    submit_button: Word = word("Sign in", Look.PRESS, "The button that sends the password.")
    code_label: Word = word("One-time code", Look.FIELD, "The field for a one-time code.")
    code_button: Word = word("Verify", Look.PRESS, "The button that sends the code.")
    passkey_button: Word = word("", Look.PRESS, "The button that asks for a passkey.")
    stay_question: Word = word("", Look.TEXT, 'The question whether to stay signed in, such as "Stay signed in?".')
    stay_answer: Word = word("No", Look.PRESS, "The answer to it.")
    consent_question: Word = word("", Look.TEXT, 'The heading of a consent page, such as "Permissions requested".')
    consent_button: Word = word("Accept", Look.PRESS, "The answer to it.")
    saml_button: Word = word(
        f"{_SAML} :is(button, input[type=submit])", Look.PRESS, "The button of a SAML form that did not send itself."
    )
    refusal: Word = word("role=alert", Look.TEXT, "The element with the reason of a refusal.")
    signed_in_heading: Word = word(r"/^Welcome\b/", Look.HEADING, "The sign that the person is signed in.")
    in_frame: bool = switch(default=False, meaning="Whether the sign-in stands in a frame of the page.")
