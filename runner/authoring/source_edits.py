"""Replaces single expressions of Python source and keeps every other character."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Line ends of Python's parser, by which `ast` counts; str.splitlines() knows seven more, all of which may occur in text
# from a page.
LINE_END = re.compile(r"\r\n|\r|\n")
# Categories of characters that are invisible, or change the display order of others (UAX #44).
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The replacement of a node."""

    node: ast.expr
    text: str


def edited(source: str, statement: ast.stmt, edits: Sequence[Edit]) -> list[str]:
    """The lines of a statement without its indentation, with the edits inside it applied. Of two edits that overlap the
    first one is applied."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    lines = [line.encode() for line in lines_of(source)[first - 1 : last]]
    for edit in sorted(edited_statement(statement, edits), key=lambda edit: _start(edit.node), reverse=True):
        row, end_row = edit.node.lineno - first, (edit.node.end_lineno or edit.node.lineno) - first
        head, tail = lines[row][: edit.node.col_offset], lines[end_row][edit.node.end_col_offset :]
        lines[row : end_row + 1] = [head + edit.text.encode() + tail]
    indentation = statement.col_offset
    return [line.decode()[indentation:] if not line[:indentation].strip() else line.decode() for line in lines]


def edited_statement(statement: ast.stmt, edits: Sequence[Edit]) -> list[Edit]:
    """The edits that apply to a statement: those inside it, and of two that overlap the first."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    made: list[Edit] = []
    for edit in edits:
        if first <= edit.node.lineno <= last and not any(_overlap(edit.node, second.node) for second in made):
            made.append(edit)
    return made


def meaning_of(node: object, edits: Mapping[object, str]) -> object:
    """The content of a node without position and formatting, with the edits applied, for comparison with the parsed
    result."""
    if isinstance(node, ast.expr) and node in edits:
        return meaning_of(ast.parse(edits[node], mode="eval").body, {})
    if isinstance(node, ast.AST):
        return type(node).__name__, *(meaning_of(value, edits) for _, value in ast.iter_fields(node))
    return [meaning_of(item, edits) for item in node] if isinstance(node, list) else (type(node).__name__, node)


def meaning_of_line(line: str) -> object:
    """The meaning of one statement."""
    return meaning_of(ast.parse(line).body[0], {})


def lines_of(source: str) -> list[str]:
    """The lines of a Python text as its parser counts them."""
    return LINE_END.split(source)


def is_unseen(text: str) -> bool:
    """Tells whether a text has invisible characters. Line ends and tabs are escaped in a file, so they do not count."""
    return any(unicodedata.category(char) in UNSEEN for char in text if char not in "\n\r\t")


def quoted(text: str) -> str:
    """A Python string literal, in double quotes where possible."""
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else repr(text)


def _start(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _overlap(first: ast.expr, second: ast.expr) -> bool:
    return _start(first) < _end(second) and _start(second) < _end(first)
