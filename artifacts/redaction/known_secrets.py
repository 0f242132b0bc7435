"""Known secrets: found and replaced in a file in each form in which they may be encoded."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REMOVED = "***"
# Shorter values occur in every file by chance; no password is that short, and a configuration may not name one.
SHORTEST = 4


class KnownSecrets:
    """The secret values of one run. Its repr does not show them."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = frozenset(value for value in values if len(value) >= SHORTEST)
        forms = {form for value in self._values for form in forms_of(value)}
        # The longest first, so that no shorter form leaves a piece of a longer one standing.
        ordered = sorted(forms, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._bytes = re.compile(b"|".join(re.escape(_bytes_of(form)) for form in ordered)) if ordered else None

    def __repr__(self) -> str:
        return "<known secrets>"

    def scrub(self, text: str) -> str:
        """Return the text without the secrets."""
        return self.scrub_and_count(text)[0]

    def scrub_and_count(self, text: str) -> tuple[str, int]:
        """Return the text without the secrets, and how many were removed."""
        return self._text.subn(REMOVED, text) if self._text else (text, 0)

    def found_in(self, data: bytes) -> bool:
        """Tell whether some bytes contain any of the secrets."""
        return bool(self._bytes and self._bytes.search(data))

    def with_more(self, values: Iterable[str]) -> KnownSecrets:
        """Return these secrets and some more."""
        return KnownSecrets([*self._values, *values])

    def union(self, other: KnownSecrets) -> KnownSecrets:
        """Return the secrets of both; these if the other has no more."""
        return self if other._values <= self._values else KnownSecrets(self._values | other._values)


def forms_of(value: str) -> set[str]:
    """Return the encodings of a value: raw, in an address (once and twice), in HTML by name and by number, in JSON
    (once and twice, and with each character escaped), in base64 at each of its three alignments, and in hexadecimal."""
    raw = value.encode(errors="surrogatepass")
    in_address = quote(value, safe="", errors="surrogatepass")
    in_json = json.dumps(value)[1:-1]
    forms = {
        value,
        in_address,
        in_address.lower(),
        quote(in_address, safe=""),
        quote(value, errors="surrogatepass"),
        quote_plus(value, errors="surrogatepass"),
        html.escape(value),
        html.escape(value, quote=False),
        "".join(f"&#{ord(character)};" for character in value),
        "".join(f"&#x{ord(character):x};" for character in value),
        in_json,
        json.dumps(in_json)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        "".join(f"\\u{ord(character):04x}" for character in value),
        raw.hex(),
        raw.hex().upper(),
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms |= {_inner_base64(raw, shift, encode(b"\0" * shift + raw).decode()) for shift in range(3)}
    return {form for form in forms if len(form) >= SHORTEST}


def _bytes_of(form: str) -> bytes:
    return form.encode(errors="surrogatepass")


def _inner_base64(raw: bytes, shift: int, encoded: str) -> str:
    """Return the characters that do not depend on the bytes before and after the value."""
    first = -(-shift * 8 // 6)
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]
