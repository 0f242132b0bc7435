"""Text from pages in one bounded line: cleaned first, cut afterwards, since a line cut first keeps most of a password.

`journeys` and `artifacts` cut texts in many places and know no secrets; the process that plays them gives the cleaner.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

# A text of which 200 characters are wanted may be a megabyte; cleaning it whole would hold the journey.
READ_AHEAD = 4


class Cleaner(Protocol):
    """A cleaner of texts."""

    @property
    def values(self) -> Iterable[str]:
        """The known secrets."""

    def clean(self, text: str) -> str:
        """Returns the text without secrets. A text that a cut has ended loses the beginning of a secret too."""

    def learn(self, values: Iterable[str]) -> None:
        """Adds secrets that were not known before, such as a one-time code."""


class _CleanerInUse:
    """The cleaner of this process, which all its threads and greenlets share: a dialog is heard in another greenlet
    than the journey."""

    cleaner: Cleaner | None = None


@contextmanager
def cleaned_by(cleaner: Cleaner) -> Iterator[None]:
    """Cleans each text with `cleaner` before it is cut, in the whole process, as long as the block runs."""
    before, _CleanerInUse.cleaner = _CleanerInUse.cleaner, cleaner
    try:
        yield
    finally:
        _CleanerInUse.cleaner = before


def learn_secrets(values: Iterable[str]) -> None:
    """Removes these values from texts of this process from now on, such as a one-time code."""
    if _CleanerInUse.cleaner is not None:
        _CleanerInUse.cleaner.learn(values)


def secrets_in_use() -> frozenset[str]:
    """Returns the secrets that are removed from texts of this process."""
    return frozenset() if _CleanerInUse.cleaner is None else frozenset(_CleanerInUse.cleaner.values)


def cut(text: str, limit: int, *, mark: str = "") -> str:
    """Returns at most `limit` characters of a text, cleaned before it is cut; `mark` stands where the rest was."""
    if _CleanerInUse.cleaner is not None:
        text = _CleanerInUse.cleaner.clean(text[: READ_AHEAD * limit])
    return text if len(text) <= limit else text[: limit - len(mark)] + mark


def shown(text: str) -> str:
    """Returns a text without the characters that steer a terminal: ESC and other control characters but line breaks
    and tabs, marks that turn the direction of a line or cannot be seen, and halves of characters.

    Joiners stay, since names in Persian and Hindi need them.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    match unicodedata.category(char):
        case "Cs":
            return "\ufffd"
        case "Cc" | "Cf" | "Zl" | "Zp" if char not in "\n\t\u200c\u200d":
            return ""
        case _:
            return char
