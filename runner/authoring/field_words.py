"""Words that identify a field for a password, a one-time code or a user name.

They are those of `firstbell/secret_words.toml`, which redaction reads too. Words are compared without case, accents and
compatibility forms, so that they match labels without accents too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from firstbell.secret_words import CODE_WORDS, LABEL_WORDS, PASSWORD_WORDS, USER_WORDS, plain

# Short words, and parts of other words: "pin" is in "shopping", and a Spanish "palabra clave" is a search word.
ALONE_SECRET = (
    r"secret(?!ar)", r"\bpin\b", r"\bmdp\b", r"\bsenhas?\b", r"(?<!palabra )(?<!palabras )\bclaves?\b",
    r"^[#.\[].*(?:\bpass\b|[_-]pass|userpass|loginpass)",
)  # fmt: skip
ALONE_CODE = (r"\botp\b",)
ALONE_USER = (r"\buser\b", r"\baccount\b")
# Words for codes of any kind: with six digits typed, the field takes a one-time code.
ANY_CODE = (r"\bcode\b", r"\bcodigo\b", r"\bkod\b", "رمز", "ma xac")


def _one_of(anywhere: Iterable[str], alone: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join([*(re.escape(plain(word)) for word in anywhere), *alone]))


SECRET_FIELD = _one_of(PASSWORD_WORDS, ALONE_SECRET)
CODE_FIELD = _one_of((*CODE_WORDS, *LABEL_WORDS), ALONE_CODE)
USER_FIELD = _one_of(USER_WORDS, ALONE_USER)
CODE_WORD = _one_of((), ANY_CODE)


def matches_any(words: Iterable[str], of: re.Pattern[str]) -> str:
    """The first word that matches a pattern, as it was written; empty if none does."""
    return next((word for word in words if of.search(plain(word))), "")
