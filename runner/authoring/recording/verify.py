"""Verifies a journey made from a recording: it does exactly what was recorded, and holds no secret.

Text from a page goes into a recording, so a page influences source that is run later. This independent check finds any
error in how the source was put together.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from firstbell.runner.authoring.recording.typed_secrets import SHORTEST
from firstbell.runner.authoring.source_edits import meaning_of

# Imported names that a journey may use.
IMPORTED = frozenset({"expect", "re", "time", "totp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedJourney:
    """The expected content of a journey: `meanings` of its statements, in order, and of the `fixtures` before it;
    `comments` are allowed, `values` are not; `titles` are fixed step titles without recorded text."""

    meanings: Sequence[object]
    fixtures: Sequence[object] = ()
    comments: Collection[str] = ()
    values: Collection[str] = ()
    titles: Collection[str] = ()


def verify_failure(text: str, expected: ExpectedJourney) -> str:
    """The defect of a journey, as text; empty if there is none."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return "is not valid Python"
    *before, last = module.body
    functions = [node for node in before if isinstance(node, ast.FunctionDef)]
    others = [node for node in before if not isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom)]
    if not isinstance(last, ast.FunctionDef) or len(others) > 1 or not _is_text(others):
        return "holds more than a journey"
    played = list(_played(last))
    found = [meaning_of(node, {}) for node in functions], [meaning_of(node, {}) for node in played]
    unknown = _unknown_names(last, played)
    texts = (*_texts(played), *(title for title in _titles(last) if title not in expected.titles))
    wrong = {
        "does not do what was recorded": found != (list(expected.fixtures), list(expected.meanings)),
        f"uses {', '.join(sorted(unknown))}, which recordings never use": bool(unknown),
        "holds unknown comments": not _comments(text) <= set(expected.comments),
        "still holds a secret": any(_holds(part, value) for part in texts for value in expected.values),
    }
    return next((word for word, is_so in wrong.items() if is_so), "")


def _played(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """The statements of a journey, without the steps around them."""
    for node in function.body:
        if _title(node) is None:
            yield node
        elif isinstance(node, ast.With):
            yield from node.body


def _titles(function: ast.FunctionDef) -> Iterator[str]:
    yield from (title for node in function.body if (title := _title(node)) is not None)


def _title(node: ast.stmt) -> str | None:
    """The title of a step; None if a statement is not a step."""
    call = node.items[0].context_expr if isinstance(node, ast.With) and len(node.items) == 1 else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "step" and call.args:
        title = call.args[0]
        return title.value if isinstance(title, ast.Constant) and isinstance(title.value, str) else None
    return None


def _unknown_names(function: ast.FunctionDef, played: Sequence[ast.stmt]) -> set[str]:
    """Names that are used but neither defined nor imported by a recording."""
    everywhere = [node for statement in played for node in ast.walk(statement)]
    names = [node for node in everywhere if isinstance(node, ast.Name)]
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    given = {node.arg for node in [*everywhere, *ast.walk(function.args)] if isinstance(node, ast.arg)}
    return {name.id for name in names} - made - given - IMPORTED


def _texts(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _holds(text: str, value: str) -> bool:
    """Tells whether a text holds a value, also with escaped characters or other spaces."""
    if text == value:
        return bool(value)
    needle = " ".join(value.split())
    variants = (" ".join(part.split()) for part in (text, re.sub(r"\\(.)", r"\1", text)))
    return len(value) >= SHORTEST and bool(needle) and any(needle in part for part in variants)


def _comments(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text, newline=None).readline)
    return {token.string for token in tokens if token.type == tokenize.COMMENT}


def _is_text(statements: Sequence[ast.stmt]) -> bool:
    """Tells whether all statements are string literals, such as a module's docstring."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in statements)
