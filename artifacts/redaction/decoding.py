"""Search for values in a text by decoding it: the places of a value, however a page, a form or a log has encoded it.

A text is decoded again and again, each time by all encodings at once, with a map from each decoded piece to its place,
and values are looked for each time. So the order of encodings and their mixture do not matter. Runs that may be base64
or hexadecimal are decoded at each alignment. The second reading is written apart and shares no code with this module.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# Characters: any shorter value occurs in every text by chance.
SHORTEST = 4
# Encodings within encodings; an address in JSON in a form in an attribute has four.
ROUNDS = 5
# Base64 within base64.
RUNS_WITHIN_RUNS = 2
_HEX = "[0-9a-fA-F]"
_ENCODED = re.compile(
    rf"(?P<bytes>(?:%{_HEX}{{2}})++|(?:\\x{_HEX}{{2}})++)"
    rf"|[\\%]u(?P<high>[dD][89abAB]{_HEX}{{2}})[\\%]u(?P<low>[dD][c-fC-F]{_HEX}{{2}})"
    rf"|[\\%]u(?P<unit>{_HEX}{{4}})|\\u\{{(?P<point>{_HEX}{{1,6}})\}}"
    rf"|\\(?P<octal>[0-3][0-7]{{2}})|\\(?P<css>{_HEX}{{2,6}}) "
    r"|\\(?P<escaped>[\x01-\x09\x0b-\x7f])"
    rf"|(?P<entity>&(?:\#\d{{1,8}};?|\#[xX]{_HEX}{{1,7}};?|[A-Za-z][A-Za-z0-9]{{1,31}};|(?:amp|lt|gt|quot)(?![A-Za-z0-9=])))"
    r"|(?P<other>[^\x01-\x7f]++)"
)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
# A form has "+" for a space; white space of any kind is one.
_ALIKE = str.maketrans("+\t\n\r\f\v", " " * 6)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}+")
_HEXADECIMAL = re.compile(rf"{_HEX}{{8,}}+")
_URL_SAFE = str.maketrans("-_", "+/")
_PRINTABLE = bytes(range(32, 127)) + b"\t\n\r\0"
# A trace repeats its names thousands of times.
_REMEMBERED_RUNS, _REMEMBERED_LENGTH = 20_000, 100
_NOTHING = r"(?!)"
_MAYBE_ENCODED = re.compile(r"[%&\\]|[^\x01-\x7f]")


@dataclass(slots=True)
class _Decoded:
    """A decoded text, and for each of its pieces its start, the start and the end of its place, and whether it was
    decoded (then any part of it has the whole place)."""

    text: str = ""
    starts: list[int] = field(default_factory=list)
    places: list[tuple[int, int, bool]] = field(default_factory=list)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the place, in the text before decoding, of a part of the decoded text."""
        first, last = bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1) - 1
        from_, _, is_decoded = self.places[first]
        begin = from_ if is_decoded else from_ + start - self.starts[first]
        from_, until, is_decoded = self.places[last]
        return begin, until if is_decoded else from_ + end - self.starts[last]


class ValueFinder:
    """Finds the values of some secrets in texts."""

    def __init__(self, values: Iterable[str]) -> None:
        wanted = {form.translate(_ALIKE) for value in values for form in _forms(value)}
        usable = sorted((form for form in wanted if len(form) >= SHORTEST), key=len, reverse=True)
        self._wanted = re.compile("|".join(map(re.escape, usable)) if usable else _NOTHING)
        self._clean_runs: set[str] = set()

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where values are, as sorted places without overlap."""
        if len(text) < SHORTEST or self._wanted.pattern == _NOTHING:
            return []
        return _merged(self._places(text, RUNS_WITHIN_RUNS))

    def _places(self, text: str, runs_left: int) -> Iterator[tuple[int, int]]:
        layers: list[_Decoded] = []
        for _ in range(ROUNDS):
            for start, end in self._in_layer(text, runs_left):
                found = (start, end)
                for layer in reversed(layers):
                    found = layer.place(*found)
                yield found
            if not _MAYBE_ENCODED.search(text):
                return
            decoded = _decode(text)
            if decoded.text == text:
                return
            layers.append(decoded)
            text = decoded.text

    def _in_layer(self, text: str, runs_left: int) -> Iterator[tuple[int, int]]:
        for found in self._wanted.finditer(text.translate(_ALIKE)):
            yield found.span()
        if not runs_left:
            return
        for run in _BASE64.finditer(text):
            if run[0] not in self._clean_runs:
                places = list(self._in_run(run[0], runs_left - 1))
                yield from ((run.start() + start, run.start() + end) for start, end in places)
                if not places and len(run[0]) <= _REMEMBERED_LENGTH and len(self._clean_runs) < _REMEMBERED_RUNS:
                    self._clean_runs.add(run[0])

    def _in_run(self, run: str, runs_left: int) -> Iterator[tuple[int, int]]:
        for shift in range(4):
            for start, end in self._in_bytes(_from_base64(run, shift), runs_left):
                yield shift + start * 4 // 3, min(len(run), shift - (-end * 4 // 3))
        for digits in _HEXADECIMAL.finditer(run):
            for begin in (digits.start(), digits.start() + 1):
                data = bytes.fromhex(run[begin : digits.end() - (digits.end() - begin) % 2])
                for start, end in self._in_bytes(data, runs_left):
                    yield begin + start * 2, begin + end * 2

    def _in_bytes(self, data: bytes, runs_left: int) -> Iterator[tuple[int, int]]:
        """Yield the places of values in bytes: each byte is a character, as in the forms of values."""
        text = data.decode("latin-1")
        if len(data.translate(None, _PRINTABLE)) * 4 <= len(data):
            yield from self._places(text, runs_left)
        else:
            yield from (found.span() for found in self._wanted.finditer(text.translate(_ALIKE)))


def _forms(value: str) -> set[str]:
    """Return a value as it is after each round of decoding, also in bytes of UTF-8 and UTF-16, one character each."""
    spellings = {value, *(unicodedata.normalize(form, value) for form in ("NFC", "NFD", "NFKC", "NFKD"))}
    in_bytes = {
        spelling.encode(encoding, "surrogatepass").decode("latin-1")
        for spelling in spellings
        for encoding in ("utf-8", "utf-16-le", "utf-16-be")
    }
    forms = set()
    for form in spellings | in_bytes:
        decoded = form
        for _ in range(ROUNDS):
            forms.add(decoded)
            decoded = _decode(decoded).text
    return forms


def _decode(text: str) -> _Decoded:
    """Decode a text once, by all encodings at once, and reduce its characters to plain ones."""
    decoded = _Decoded()
    pieces: list[str] = []
    length = at = 0
    for found in _ENCODED.finditer(text):
        if found.start() > at:
            decoded.starts.append(length)
            decoded.places.append((at, found.start(), False))
            pieces.append(text[at : found.start()])
            length += found.start() - at
        for piece, start, end in _characters(found):
            if piece:
                decoded.starts.append(length)
                decoded.places.append((start, end, True))
                pieces.append(piece)
                length += len(piece)
        at = found.end()
    if at < len(text):
        decoded.starts.append(length)
        decoded.places.append((at, len(text), False))
        pieces.append(text[at:])
    decoded.text = "".join(pieces)
    return decoded


def _characters(found: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the characters of an encoded piece with their places."""
    start, end = found.span()
    match found.lastgroup:
        case "bytes":
            data = bytes.fromhex(re.sub(r"%|\\x", "", found[0]))
            digits = 3 if found[0][0] == "%" else 4
            for character, first, last in _of_bytes(data):
                yield _plain(character), start + first * digits, start + last * digits
        case "low":
            high, low = int(found["high"], 16), int(found["low"], 16)
            yield chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)), start, end
        case "unit":
            yield _plain(chr(int(found["unit"], 16))), start, end
        case "point" | "css" as group:
            point = int(found[group], 16)
            yield _plain(chr(point)) if point < 0x110000 else "", start, end
        case "octal":
            yield chr(int(found["octal"], 8)), start, end
        case "escaped":
            yield _NAMED.get(found["escaped"], found["escaped"]), start, end
        case "entity":
            yield _plain(html.unescape(found[0])), start, end
        case _:
            yield from ((_plain(character), start + at, start + at + 1) for at, character in enumerate(found[0]))


def _of_bytes(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield the characters of bytes in UTF-8 with their places; a byte that is no part of one is a character."""
    at = 0
    for character in data.decode("utf-8", "surrogateescape"):
        is_loose = "\udc80" <= character <= "\udcff"
        length = 1 if is_loose else len(character.encode())
        yield chr(data[at]) if is_loose else character, at, at + length
        at += length


def _plain(text: str) -> str:
    """Return characters without width, accents and invisible parts, so that all Unicode forms of a text are alike."""
    if text.isascii():
        return text.replace("\0", "")
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if unicodedata.category(character) not in ("Mn", "Cf"))


def _from_base64(run: str, shift: int) -> bytes:
    digits = run[shift:].translate(_URL_SAFE)
    return binascii.a2b_base64(digits + "A" * (-len(digits) % 4))


def _merged(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
