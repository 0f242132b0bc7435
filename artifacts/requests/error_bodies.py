"""The words of an error's body: bounded, without tokens or people's addresses, only of short JSON or plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from firstbell.artifacts.redaction.by_pattern import RANDOM_TOKEN, clean_text
from firstbell.artifacts.redaction.known_secrets import REMOVED, KnownSecrets
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.hostile_text import cut

# An error body is a line or two; what is longer is a page or a dump of the server.
BODY_LIMIT = 8192
WORDS_LIMIT = 200
# Keys under which error bodies have their words: RFC 9457 (title, detail), RFC 6749 (error, error_description), Spring
# (message), Okta (errorSummary, errorCode), Laravel (message, errors), Google (error.message, error.status), GraphQL.
_KEYS = re.compile(
    r"title|details?|errors?|error_(description|code)|error(code|summary|causes)|messages?|msg|reason|code"
    r"|status_message|description|non_field_errors|exception|faultstring|result",
    re.IGNORECASE,
)
_DEPTH = 4
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_LONG_NUMBER = re.compile(r"\d{6,}")


def words_of_body(body: bytes, content_type: str) -> str:
    """Returns the words of an error's body in one bounded line; empty if it has none that can be shown."""
    if len(body) > BODY_LIMIT:
        return ""
    text = body.decode("utf-8", errors="replace").strip()
    if "json" in content_type or text[:1] in ("{", "["):
        try:
            found = list(_words(json.loads(text), _DEPTH))
        except (ValueError, RecursionError):
            return ""
        text = ": ".join(dict.fromkeys(found))
    elif "text/plain" not in content_type or text.startswith("<"):
        return ""
    return _clean(text)


def _words(value: Any, depth: int, *, named: bool = False) -> Iterator[str]:
    """Yields the texts under the known keys."""
    if isinstance(value, str):
        if named and value.strip():
            yield value.strip()
    elif isinstance(value, list) and depth:
        for one in value[:5]:
            yield from _words(one, depth - 1, named=named)
    elif isinstance(value, dict) and depth:
        for key, one in list(value.items())[:40]:
            yield from _words(one, depth - 1, named=named or bool(_KEYS.fullmatch(key)))


def _clean(text: str) -> str:
    text = cut(" ".join("".join(char if char.isprintable() else " " for char in text).split()), 4 * WORDS_LIMIT)
    text = clean_text(text, Redactor(KnownSecrets(())))
    text = RANDOM_TOKEN.sub(REMOVED, _LONG_NUMBER.sub(REMOVED, _MAIL.sub(REMOVED, text)))
    return text[:WORDS_LIMIT]
