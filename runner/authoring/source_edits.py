"""Changes single places of a Python text and leaves every other character as it was written."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Where Python's parser ends a line, by which `ast` counts; str.splitlines() knows seven more, all of which may stand in
# a text that a page has chosen.
LINE_END = re.compile(r"\r\n|\r|\n")
# Categories of characters that a reader does not see, or that change the order in which the rest is seen (UAX #44).
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to stand in the place of a node."""

    node: ast.expr
    text: str


def edited(source: str, statement: ast.stmt, edits: Sequence[Edit]) -> list[str]:
    """The lines of a statement without its indentation, with those of the edits that lie inside it made. Of two that
    overlap the first one given is made."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    lines = [line.encode() for line in lines_of(source)[first - 1 : last]]
    for edit in sorted(edited_statement(statement, edits), key=lambda edit: _start(edit.node), reverse=True):
        row, end_row = edit.node.lineno - first, (edit.node.end_lineno or edit.node.lineno) - first
        head, tail = lines[row][: edit.node.col_offset], lines[end_row][edit.node.end_col_offset :]
        lines[row : end_row + 1] = [head + edit.text.encode() + tail]
    indentation = statement.col_offset
    return [line.decode()[indentation:] if not line[:indentation].strip() else line.decode() for line in lines]


def edited_statement(statement: ast.stmt, edits: Sequence[Edit]) -> list[Edit]:
    """The edits that are made in a statement: those inside it, and of two that overlap the first."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    made: list[Edit] = []
    for edit in edits:
        if first <= edit.node.lineno <= last and not any(_overlap(edit.node, other.node) for other in made):
            made.append(edit)
    return made


def meaning_of(node: object, edits: Mapping[object, str]) -> object:
    """What a node says, wherever it stands and however it is written, as if the edits were made in it: to be compared
    with the meaning of what the edited text is read as."""
    if isinstance(node, ast.expr) and node in edits:
        return meaning_of(ast.parse(edits[node], mode="eval").body, {})
    if isinstance(node, ast.AST):
        return type(node).__name__, *(meaning_of(value, edits) for _, value in ast.iter_fields(node))
    return [meaning_of(one, edits) for one in node] if isinstance(node, list) else (type(node).__name__, node)


def meaning_of_line(line: str) -> object:
    """What one statement says."""
    return meaning_of(ast.parse(line).body[0], {})


def lines_of(source: str) -> list[str]:
    """The lines of a Python text as its parser counts them."""
    return LINE_END.split(source)


def is_unseen(text: str) -> bool:
    """Whether a text has characters that nobody sees who reads it. Ends of lines and tabs are escaped in a file."""
    return any(unicodedata.category(char) in UNSEEN for char in text if char not in "\n\r\t")


def quoted(text: str) -> str:
    """A text as Python writes it, in double quotes where that is possible."""
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else repr(text)


def _start(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _overlap(one: ast.expr, other: ast.expr) -> bool:
    return _start(one) < _end(other) and _start(other) < _end(one)
