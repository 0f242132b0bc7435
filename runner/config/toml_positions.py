"""Where each key of a TOML text stands, which the standard library's reader does not say."""

from __future__ import annotations

import re
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
TomlPosition = tuple[int, int]

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=\s*(.*)")


def positions_of(text: str) -> Mapping[KeyPath, TomlPosition]:
    """Line and column, from 1, of each table and key. Keys inside an inline table stand where the table's key does."""
    places: dict[KeyPath, TomlPosition] = {(): (1, 1)}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    closing = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if found := _TABLE.match(line):
            table = _split(found[2])
            if found[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            for depth in range(1, len(table) + 1):
                places.setdefault(table[:depth], (number, found.start(2) + 1))
        elif found := _ASSIGNMENT.match(line):
            places[(*table, *_split(found[1]))] = (number, found.start(1) + 1)
            closing = _opened(found[2])
    return places


def position_of(places: Mapping[KeyPath, TomlPosition], path: KeyPath) -> TomlPosition:
    """Where a path stands, or the nearest thing above it that stands somewhere."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, (1, 1))


def _split(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def _opened(value: str) -> str:
    """The mark that must come before another line may be a key: of a multi-line string that starts and does not end."""
    for mark in ('"""', "'''"):
        if value.startswith(mark) and mark not in value[3:]:
            return mark
    return ""
