"""Known secrets: found and replaced in a text in whatever encoding they stand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache

from firstbell.artifacts.redaction.decoding import SHORTEST, ValueFinder
from firstbell.artifacts.redaction.second_reading import SecondReading

REMOVED = "***"
# A trace repeats its names and selectors thousands of times.
_REMEMBERED_TEXTS, _REMEMBERED_LENGTH = 8192, 200
# What is left beside a mark may be a value again, e.g. of the letters of the mark.
_TIMES = 3


class KnownSecrets:
    """The secret values of one run. Its repr does not show them."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = frozenset(value for value in values if len(value) >= SHORTEST)
        self._finder = ValueFinder(self._values)
        self._scrub_short = lru_cache(_REMEMBERED_TEXTS)(self._scrub)

    def __repr__(self) -> str:
        return "<known secrets>"

    @property
    def values(self) -> frozenset[str]:
        """The secrets."""
        return self._values

    def scrub(self, text: str) -> str:
        """Return the text without the secrets."""
        return self.scrub_and_count(text)[0]

    def scrub_and_count(self, text: str) -> tuple[str, int]:
        """Return the text without the secrets, and how many were removed."""
        return self._scrub_short(text) if len(text) <= _REMEMBERED_LENGTH else self._scrub(text)

    def _scrub(self, text: str) -> tuple[str, int]:
        count = 0
        for _ in range(_TIMES):
            places = self._finder.places(text)
            if not places:
                break
            count += len(places)
            ends = [0, *(end for _, end in places)]
            starts = [*(start for start, _ in places), len(text)]
            text = REMOVED.join(text[end:start] for end, start in zip(ends, starts, strict=True))
        return text, count

    @cached_property
    def _second_reading(self) -> SecondReading:
        return SecondReading(self._values)

    def found_in(self, data: bytes, *, as_it_is: bool = False) -> bool:
        """Tell whether some bytes contain any of the secrets, by the second reading, which shares no code with the
        first. `as_it_is` looks for secrets that are not encoded."""
        return self._second_reading.found_in(data, as_it_is=as_it_is)

    def with_more(self, values: Iterable[str]) -> KnownSecrets:
        """Return these secrets and some more."""
        return KnownSecrets([*self._values, *values])

    def union(self, other: KnownSecrets) -> KnownSecrets:
        """Return the secrets of both; these if the other has no more."""
        return self if other._values <= self._values else KnownSecrets(self._values | other._values)
