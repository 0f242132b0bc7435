"""What a recording holds that must not stand in a file: typed passwords, user names, codes; and what stands instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from runner.writing.edits import quoted
from runner.writing.reading import CODE_FIELD, SECRET_FIELD, typed_text, words_of

USER_FIELD = re.compile(
    r"user ?-?_?name|user ?id|\buser\b|e-?mail|log-?in|\baccount\b|student (id|number)", re.IGNORECASE
)
ANY_CODE = re.compile(r"\bcode\b", re.IGNORECASE)
DIGITS = re.compile(r"\d{6,8}")
# Shorter values are found inside ordinary words.
SHORTEST = 4


def replacements(function: ast.FunctionDef, who: str, values: Mapping[str, str]) -> dict[ast.expr, str]:
    """Each literal that must go, and the expression that stands instead.

    `values` are known ones, each with its expression; what goes into a field for a password, a code or, before either,
    a user name goes whatever it is.
    """
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and typed_text(node) is not None]
    found = dict(_by_field(calls, who))
    texts = [node for node in ast.walk(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    by_value = {node: _by_value(str(node.value), values) for node in texts if node not in found}
    return found | {node: expression for node, expression in by_value.items() if expression}


def is_sign_in(expression: str) -> bool:
    """Whether an expression is what people type who sign in."""
    return any(part in expression for part in (".account.username", ".account.password", ".account.totp_key"))


def _by_field(calls: list[ast.Call], who: str) -> Iterator[tuple[ast.expr, str]]:
    account = f"{who}.account"
    of_secrets = [call.lineno for call in calls if _matches(call, SECRET_FIELD) or _is_code(call)]
    for call in calls:
        literal = typed_text(call)
        if literal is None or not literal.value:
            continue
        if _is_code(call):
            yield literal, f"totp({account}.totp_key.reveal(), time.time())"
        elif _matches(call, SECRET_FIELD):
            yield literal, f"{account}.password.reveal()"
        elif _matches(call, USER_FIELD) and any(line > call.lineno for line in of_secrets):
            yield literal, f"{account}.username"


def _matches(call: ast.Call, words: re.Pattern[str]) -> bool:
    return any(words.search(word) for word in words_of(call))


def _is_code(call: ast.Call) -> bool:
    literal = typed_text(call)
    is_number = literal is not None and bool(DIGITS.fullmatch(str(literal.value).replace(" ", "")))
    return _matches(call, CODE_FIELD) or (is_number and _matches(call, ANY_CODE))


def _by_value(text: str, values: Mapping[str, str]) -> str:
    """A text with known values taken out, as an expression; empty where it holds none."""
    if text in values:
        return values[text]
    for value, expression in sorted(values.items(), key=lambda one: -len(one[0])):
        if len(value) >= SHORTEST and value in text:
            before, _, after = text.partition(value)
            parts = [quoted(before)] if before else []
            rest = _by_value(after, values) or (quoted(after) if after else "")
            return " + ".join([*parts, expression, *([rest] if rest else [])])
    return ""
