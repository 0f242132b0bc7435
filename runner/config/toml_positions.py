"""Finds the line and column of each key of a TOML text, which the standard library's reader does not give."""

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
    """Returns line and column, from 1, of each table and key. A key of an inline table has its table's position."""
    positions: dict[KeyPath, TomlPosition] = {(): (1, 1)}
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
                positions.setdefault(table[:depth], (number, found.start(2) + 1))
        elif found := _ASSIGNMENT.match(line):
            positions[(*table, *_split(found[1]))] = (number, found.start(1) + 1)
            closing = _unclosed_quotes(found[2])
    return positions


def position_of(positions: Mapping[KeyPath, TomlPosition], path: KeyPath) -> TomlPosition:
    """Returns the position of a path, or else of the nearest table above it that has one."""
    while path and path not in positions:
        path = path[:-1]
    return positions.get(path, (1, 1))


def _split(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def _unclosed_quotes(value: str) -> str:
    """Returns the quotes that end a multi-line string that begins here; until they come, no line is a key."""
    for quotes in ('"""', "'''"):
        if value.startswith(quotes) and quotes not in value[3:]:
            return quotes
    return ""
