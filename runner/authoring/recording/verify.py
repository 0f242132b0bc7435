"""A last look at a journey that was made of a recording: does it say what was recorded, and nothing that must not stay.

What a page shows goes into a recording, so a page has a say in a text that is run later. Whatever is wrong with how the
text was put together shows here.
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

# What a journey may use that is no fixture of its own and was not made in it.
IMPORTED = frozenset({"expect", "re", "time", "totp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedJourney:
    """What a journey was to become. `meanings` are those of its statements, in order, and `fixtures` those of the
    functions before it; `comments` may stand in it; `values` may not; `titles` are ours and say nothing of anybody."""

    meanings: Sequence[object]
    fixtures: Sequence[object] = ()
    comments: Collection[str] = ()
    values: Collection[str] = ()
    titles: Collection[str] = ()


def verify_failure(text: str, promised: ExpectedJourney) -> str:
    """What is wrong with the text of a journey, in words; empty where nothing is."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return "is no Python"
    *before, last = module.body
    functions = [node for node in before if isinstance(node, ast.FunctionDef)]
    others = [node for node in before if not isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom)]
    if not isinstance(last, ast.FunctionDef) or len(others) > 1 or not _is_text(others):
        return "has more in it than a journey"
    played = list(_played(last))
    said = [meaning_of(node, {}) for node in functions], [meaning_of(node, {}) for node in played]
    strange = _strangers(last, played)
    texts = (*_texts(played), *(title for title in _titles(last) if title not in promised.titles))
    wrong = {
        "does not do what was recorded": said != (list(promised.fixtures), list(promised.meanings)),
        f"uses {', '.join(sorted(strange))}, which no recording does": bool(strange),
        "has comments that are not ours": not _comments(text) <= set(promised.comments),
        "still holds what must not stay": any(_holds(one, value) for one in texts for value in promised.values),
    }
    return next((word for word, is_so in wrong.items() if is_so), "")


def _played(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """What is done, without the steps that it is done in."""
    for node in function.body:
        if _title(node) is None:
            yield node
        elif isinstance(node, ast.With):
            yield from node.body


def _titles(function: ast.FunctionDef) -> Iterator[str]:
    yield from (title for node in function.body if (title := _title(node)) is not None)


def _title(node: ast.stmt) -> str | None:
    """What a step is called; None where a statement is no step."""
    call = node.items[0].context_expr if isinstance(node, ast.With) and len(node.items) == 1 else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "step" and call.args:
        title = call.args[0]
        return title.value if isinstance(title, ast.Constant) and isinstance(title.value, str) else None
    return None


def _strangers(function: ast.FunctionDef, played: Sequence[ast.stmt]) -> set[str]:
    """Names that are used and come from nowhere that a recording knows."""
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
    """Whether a text holds a value, also with signs escaped as patterns have them, or with other spaces."""
    if text == value:
        return bool(value)
    wanted = " ".join(value.split())
    heard = (" ".join(one.split()) for one in (text, re.sub(r"\\(.)", r"\1", text)))
    return len(value) >= SHORTEST and bool(wanted) and any(wanted in one for one in heard)


def _comments(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text, newline=None).readline)
    return {token.string for token in tokens if token.type == tokenize.COMMENT}


def _is_text(statements: Sequence[ast.stmt]) -> bool:
    """Whether these are nothing but a text, such as what a module is for."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in statements)
