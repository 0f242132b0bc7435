"""Changes single places of a Python text and leaves every other character as it was written."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to stand in the place of a node."""

    node: ast.expr
    text: str


def edited(source: str, statement: ast.stmt, edits: Sequence[Edit]) -> list[str]:
    """The lines of a statement without its indentation, with those of the edits that lie inside it made. Of two that
    overlap the first one given is made."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    lines = [line.encode() for line in source.splitlines()[first - 1 : last]]
    made: list[Edit] = []
    for edit in edits:
        if first <= edit.node.lineno <= last and not any(_overlap(edit.node, other.node) for other in made):
            made.append(edit)
    for edit in sorted(made, key=lambda edit: _start(edit.node), reverse=True):
        row, end_row = edit.node.lineno - first, (edit.node.end_lineno or edit.node.lineno) - first
        head, tail = lines[row][: edit.node.col_offset], lines[end_row][edit.node.end_col_offset :]
        lines[row : end_row + 1] = [head + edit.text.encode() + tail]
    indentation = statement.col_offset
    return [line.decode()[indentation:] if not line[:indentation].strip() else line.decode() for line in lines]


def quoted(text: str) -> str:
    """A text as Python writes it, in double quotes where that is possible."""
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else repr(text)


def _start(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _overlap(one: ast.expr, other: ast.expr) -> bool:
    return _start(one) < _end(other) and _start(other) < _end(one)
