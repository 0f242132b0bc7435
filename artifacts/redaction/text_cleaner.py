"""Cleaning of single texts: error messages, titles and console lines, before they are shown, logged or cut."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from firstbell.artifacts.redaction.by_pattern import clean_text
from firstbell.artifacts.redaction.decoding import SHORTEST
from firstbell.artifacts.redaction.known_secrets import REMOVED, KnownSecrets
from firstbell.artifacts.redaction.redactor import Redactor

# Fewer letters of a longer secret are a word by chance.
SHORTEST_PIECE = 6
# Places at which a text may have been cut: its end, a mark of omission, and the quotation mark that was put behind.
_CUTS = re.compile(r"…|\.\.\.|[\"'“”»`]|$")
_MOST_CUTS = 100


class TextCleaner:
    """Removes secrets from texts by value, by kind, and where a text was cut in the middle of one. Its repr does not
    show them."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: frozenset[str] = frozenset()
        self._known = KnownSecrets(())
        self._forms: tuple[str, ...] = ()
        self.learn(values)

    def __repr__(self) -> str:
        return "<text cleaner>"

    @property
    def values(self) -> frozenset[str]:
        """The known secrets."""
        return self._values

    def learn(self, values: Iterable[str]) -> None:
        """Adds secrets."""
        more = {value for value in values if len(value) >= SHORTEST} - self._values
        if more:
            self._values |= more
            self._known = KnownSecrets(self._values)
            self._forms = tuple(sorted({form for value in self._values for form in _written(value)}))

    def clean(self, text: str) -> str:
        """Returns the text without secrets."""
        return _without_pieces(clean_text(text, Redactor(self._known)), self._forms)


def _written(value: str) -> set[str]:
    """Returns a value as texts of pages and errors write it."""
    escaped = value.encode("unicode_escape").decode("ascii")  # As pytest writes ids.
    return {value, quote(value, safe=""), html.escape(value), json.dumps(value)[1:-1], repr(value)[1:-1], escaped}


def _without_pieces(text: str, forms: Iterable[str]) -> str:
    """Returns a text without whole secrets, the beginning of one before a cut, and the end of one after a cut."""
    for form in forms:
        text = text.replace(form, REMOVED)
    cuts = [(found.start(), found.end()) for found in _CUTS.finditer(text)]
    gone: list[tuple[int, int]] = []
    for form in forms:
        least = min(len(form) - 1, max(SHORTEST_PIECE, -(-len(form) // 2)))
        first, last = form[:least], form[-least:]
        if first in text:
            gone += [piece for start, _ in cuts[-_MOST_CUTS:] if (piece := _beginning(text, start, form, least))]
        if last in text:
            gone += [piece for _, end in cuts[:_MOST_CUTS] if (piece := _end(text, end, form, least))]
    for start, end in sorted(gone, reverse=True):
        text = text[:start] + REMOVED + text[end:]
    return text


def _beginning(text: str, cut: int, form: str, least: int) -> tuple[int, int] | None:
    lengths = range(min(len(form) - 1, cut), least - 1, -1)
    return next(((cut - length, cut) for length in lengths if text.startswith(form[:length], cut - length)), None)


def _end(text: str, cut: int, form: str, least: int) -> tuple[int, int] | None:
    lengths = range(len(form) - 1, least - 1, -1)
    return next(((cut, cut + length) for length in lengths if text.startswith(form[-length:], cut)), None)
