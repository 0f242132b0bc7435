"""The forms in which a known secret may stand in a file, found and replaced."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REMOVED = "***"
# Shorter values stand in every file by chance; nobody's password is that short, and a configuration may not name one.
SHORTEST = 4


class KnownSecrets:
    """The secret values of one run. Has no readable form of its own."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= SHORTEST for form in forms_of(value)}
        # The longest first, so that no shorter form leaves a piece of a longer one standing.
        ordered = sorted(forms, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._bytes = re.compile(b"|".join(re.escape(form.encode()) for form in ordered)) if ordered else None

    def __repr__(self) -> str:
        return "<known secrets>"

    def scrub(self, text: str) -> str:
        """The text without any of them."""
        return self._text.sub(REMOVED, text) if self._text else text

    def stand_in(self, data: bytes) -> bool:
        """Whether any of them stands in some bytes."""
        return bool(self._bytes and self._bytes.search(data))


def forms_of(value: str) -> set[str]:
    """A value raw, in an address, in HTML, in JSON, in base64 at each of its three alignments, and in hexadecimal."""
    raw = value.encode()
    forms = {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        html.escape(value),
        html.escape(value, quote=False),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        raw.hex(),
        raw.hex().upper(),
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms |= {_inner_base64(raw, shift, encode(b"\0" * shift + raw).decode()) for shift in range(3)}
    return {form for form in forms if len(form) >= SHORTEST}


def _inner_base64(raw: bytes, shift: int, encoded: str) -> str:
    """The characters that are the same whatever stands before and after the value."""
    first = -(-shift * 8 // 6)
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]
