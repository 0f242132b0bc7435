"""Search for a secret in stored files by a decoder of the tests' own: it shares nothing with the redactor or with the
second reading. Each decoder of the standard library takes the whole text, in every order, up to a depth."""

from __future__ import annotations

import base64
import html
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from urllib.parse import unquote, unquote_plus

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_RUN = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_DIGITS = re.compile(r"(?:[0-9a-fA-F]{2}){4,}")


def _escapes(text: str) -> str:
    joined = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)) if found[1] or found[2] else found[3], text)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _runs(shift: int) -> Callable[[str], str]:
    def decoded(found: re.Match[str]) -> str:
        digits = found[0][shift:].replace("-", "+").replace("_", "/")
        data = base64.b64decode(digits + "A" * (-len(digits) % 4))
        return f" {data.decode('utf-8', 'ignore')} {data.decode('utf-16-le', 'ignore')} "

    return lambda text: _RUN.sub(decoded, text)


DECODERS: tuple[Callable[[str], str], ...] = (
    unquote_plus,
    lambda text: unquote(text, "latin-1"),
    html.unescape,
    _escapes,
    lambda text: unicodedata.normalize("NFC", text),
    lambda text: unicodedata.normalize("NFKC", text),
    lambda text: _DIGITS.sub(lambda found: bytes.fromhex(found[0]).decode("utf-8", "ignore"), text),
    *(_runs(shift) for shift in range(4)),
)


def _texts(text: str, depth: int, seen: set[int]) -> Iterator[str]:
    if hash(text) in seen:
        return
    seen.add(hash(text))
    yield text
    if depth:
        for decode in DECODERS:
            yield from _texts(decode(text), depth - 1, seen)


def secrets_in(data: bytes, secrets: dict[str, str], depth: int = 2) -> set[str]:
    """Return the names of the secrets in some bytes, in any encoding, inside zips and in names of their members."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            parts = [part for name in members.namelist() for part in (name.encode(), members.read(name))]
        return {name for part in parts for name in secrets_in(part, secrets, depth)}
    return {
        name
        for text in _texts(data.decode("utf-8", "replace"), depth, set())
        for name, secret in secrets.items()
        if secret in text or unicodedata.normalize("NFC", secret) in text
    }
