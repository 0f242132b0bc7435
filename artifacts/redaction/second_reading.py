"""The second reading: tells whether a value is left in the bytes of any file, in whatever encoding.

It is written apart from `decoding`, which it controls, and shares no code with it: whole files go through the decoders
of the standard library, one after the other, without a map of places; runs are searched for what a value becomes in
base64, and nothing is decoded from them.
"""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

_CYCLES = 4
# Characters: fewer occur in every file by chance.
_FEWEST = 4
_FEWEST_DIGITS = 5
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{5,}")
_UNIT = re.compile(r"[\\%]+u(?:([0-9a-f]{4})|\{([0-9a-f]{1,6})\})|\\+x([0-9a-f]{2})", re.IGNORECASE)


class SecondReading:
    """Looks for values in files."""

    def __init__(self, values: Iterable[str]) -> None:
        values = set(values)
        self._raw = [value.encode("utf-8", "surrogatepass") for value in values]
        plain = {_plain(form) for value in values for form in (value, *_cycles(value))}
        self._plain = sorted(form for form in plain if len(form) >= _FEWEST)
        self._in_runs = sorted({run for value in values for run in _runs_of(value)})

    def found_in(self, data: bytes, *, as_it_is: bool = False) -> bool:
        """Tell whether any value is in some bytes. `as_it_is` looks for values that are not encoded."""
        if any(value in data for value in self._raw):
            return True
        if as_it_is or not data:
            return False
        text = data.decode("utf-8", "replace")
        for read in (text, *_cycles(text)):
            plain = _plain(read)
            if any(value in plain for value in self._plain) or self._is_in_runs(read):
                return True
        return False

    def _is_in_runs(self, text: str) -> bool:
        runs = b"\n".join(set(_RUN.findall(text.encode("utf-8", "surrogatepass"))))
        return any(run in runs for run in self._in_runs)


def _cycles(text: str) -> Iterator[str]:
    """Yield a text after each cycle of decoders that changed it."""
    for _ in range(_CYCLES):
        before = text
        text = _UNIT.sub(_unit, text) if "\\" in text or "%" in text else text
        text = unquote(text.replace("\\", ""))
        text = html.unescape(text) if "&" in text else text
        if text == before:
            return
        yield text


def _unit(found: re.Match[str]) -> str:
    point = int(found[1] or found[2] or found[3], 16)
    return chr(point) if point < 0x110000 else ""


def _plain(text: str) -> str:
    """Return a text in one Unicode form, with halves of characters joined, and one kind of space."""
    if not text.isascii():
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = unicodedata.normalize("NFKC", joined)
    return text.replace("\0", "").replace("\\", "").replace("+", " ").replace("\xa0", " ")


def _runs_of(value: str) -> Iterator[bytes]:
    """Yield the runs that a value becomes in hexadecimal and base64, also after another encoding or within base64."""
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    texts = {value, quote(value, safe=""), html.escape(value), *in_json}
    texts |= {text.replace("/", "\\/") for text in texts}
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        hexadecimal = raw.hex().encode()
        yield from (hexadecimal, hexadecimal.upper())
        inner = set(_at_each_alignment(raw))
        yield from inner
        yield from _at_each_alignment(text.encode("utf-16-le", "surrogatepass"))
        for run in inner:
            yield from _at_each_alignment(run)


def _at_each_alignment(raw: bytes) -> Iterator[bytes]:
    """Yield the digits of base64 that do not depend on the bytes before and after."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            digits = encode(b"\0" * shift + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
            if len(digits) >= _FEWEST_DIGITS:
                yield digits
