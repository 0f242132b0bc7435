"""The words by which a field, parameter, header or JSON key holds a secret: `secret_words.toml`, read once."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

_TABLE: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_PROTOCOLS = "protocols"


def _words(*kinds: str, languages: bool = True, protocols: bool = False) -> tuple[str, ...]:
    tables = [table for name, table in _TABLE.items() if (protocols if name == _PROTOCOLS else languages)]
    return tuple(word for table in tables for kind in kinds for word in table.get(kind, ()))


PASSWORD_WORDS = _words("password")
"""Words of people for a password, wherever they stand."""
CODE_WORDS = _words("code")
"""Words of people for a one-time code, wherever they stand."""
LABEL_WORDS = _words("label")
"""Words for a one-time code that are enough in a label only."""
USER_WORDS = _words("user")
"""Words for a user name, which is no secret."""


def plain(text: str) -> str:
    """Returns a text without case, accents and compatibility forms, and with single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).replace("đ", "d")
    return " ".join("".join(char for char in decomposed if unicodedata.category(char) != "Mn").split())


def _alternatives(words: Iterable[str]) -> str:
    """Returns a pattern of words, as they are written and without accents, grouped by their first letter: a text is
    compared with a few words at each place, and not with all of them."""
    spelled = {form for word in words for form in (word, plain(word), unicodedata.normalize("NFKD", word))}
    patterns = sorted({re.sub(r"(?:\\ |\\-|_|')+", r"[\\s_.\\-]?", re.escape(word)) for word in spelled})
    groups = [(first, [pattern[len(first) :] for pattern in of]) for first, of in groupby(patterns, lambda one: one[0])]
    return "|".join(f"{first}(?:{'|'.join(sorted(rest, key=len, reverse=True))})" for first, rest in groups)


SECRET_PART = _alternatives(_words("password", "code", protocols=True))
"""A pattern: any of these in the name of a parameter, field or key makes it that of a secret. It ignores case."""
SECRET_WHOLE = _alternatives(_words("name", protocols=True))
"""A pattern: names of secrets that are these words alone."""
SECRET_LABEL = _alternatives(_words("password", "code", "label", protocols=True)) + rf"|\b(?:{SECRET_WHOLE})\b"
"""A pattern: any of these in a selector or label makes it that of a field for a secret."""
FIELD_PART = _alternatives(_words("password", "code", "label", protocols=True))
"""A pattern: any of these in the name or label of a field that a person fills makes it one for a secret."""
FIELD_WHOLE = _alternatives(_words("name"))
"""A pattern: words for a secret that stand alone in the name or label of a field that a person fills."""
SECRET_HEADER = _alternatives(_words("password", "header", languages=False, protocols=True))
"""A pattern: any of these in the name of a header makes its value a secret."""
