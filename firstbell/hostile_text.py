"""Text from pages in one bounded line: cleaned first, cut afterwards, since a line cut first keeps most of a password.

`journeys` and `artifacts` cut texts in many places and know no secrets; the process that plays them gives the cleaner.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

# Characters of a text that are cleaned: a page may log a megabyte in each of 500 lines, and a megabyte takes seconds.
READ = 8192


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


def cut(text: str, limit: int, *, mark: str = "", as_line: bool = False) -> str:
    """Returns at most `limit` characters of a text, cleaned before it is cut; `mark` stands where the rest was.
    `as_line` makes one line of it, of what can be printed."""
    text, is_whole = _cleaned(text, max(READ, 4 * limit))
    if as_line:
        text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        text, _ = _cleaned(text, len(text))  # Spaces of another kind were between the words of a secret.
    return text if is_whole and len(text) <= limit else text[: limit - len(mark)] + mark


def _cleaned(text: str, most: int) -> tuple[str, bool]:
    """Returns a text without secrets, and whether it is whole. Of a text with more than `most` characters, the half
    before the cut is left out: the beginning of a secret at its end, or of a tag with one, is not known for one."""
    if (cleaner := _CleanerInUse.cleaner) is None:
        return text[:most], len(text) <= most
    cleaned = cleaner.clean(text[:most])
    return (cleaned, True) if len(text) <= most else (cleaned[: max(0, len(cleaned) - most // 2)], False)


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
