"""Passkeys of synthetic people, held by the virtual authenticator of their browser."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from firstbell.journeys.stage.ending import JourneyError

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor

PARTS = ("id", "rpId", "userHandle", "privateKey", "publicKey")
"""The parts of a passkey as Playwright's `context.credentials.get()` returns it, as JSON text in base64url."""


def install_passkey(actor: Actor) -> None:
    """Put the account's passkey, if it has one, into the actor's browser. Raises JourneyError for one that cannot be
    read. Before the page that asks for it is opened."""
    secret = actor.account.passkey
    if secret is None:
        return
    passkey = read_passkey(secret.reveal())
    credentials = actor.page.context.credentials
    credentials.create(
        passkey["rpId"],
        id=passkey["id"],
        user_handle=passkey["userHandle"],
        private_key=passkey["privateKey"],
        public_key=passkey["publicKey"],
        # A service refuses a counter that has not risen since the last run, and no run knows the last.
        sign_count=int(time.time()),
    )
    credentials.install()


def read_passkey(text: str) -> dict[str, str]:
    """The parts of a passkey. Raises JourneyError, which quotes nothing of it."""
    try:
        parts = json.loads(text)
        return {part: str(parts[part]) for part in PARTS}
    except (ValueError, TypeError, KeyError):
        message = (
            f"the passkey is no JSON object with {', '.join(PARTS)}; save it as Playwright's credentials.get() does"
        )
        raise JourneyError(message) from None
