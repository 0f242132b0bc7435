"""Finds secrets in a recording (typed passwords, user names, codes, keys in addresses) and their replacements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firstbell.runner.authoring.clear_secrets import secret_field, typed_text, words_of
from firstbell.runner.authoring.field_words import CODE_FIELD, CODE_WORD, SECRET_FIELD, USER_FIELD, matches_any
from firstbell.runner.authoring.journey_ast import is_snapshot
from firstbell.runner.authoring.source_edits import quoted
from firstbell.runner.authoring.urls import has_more, page_of, without_keys

DIGITS = re.compile(r"\d{6,8}")
# Locator texts of a field without a name.
EVERY_FIELD = re.compile(r"|textbox|searchbox|input(\[type=\"?(text|password)\"?\])?|textarea")
# Shorter values occur inside ordinary words.
SHORTEST = 4
SNAPSHOT = (
    "# A snapshot of the page was removed here, since it holds other people's names. Expect one line of it instead."
)
KEYS = "# Keys pressed in a field for a secret were removed here. Fill in the account's own secret instead."
NAMELESS = "# This field has no name. If it takes a secret, fill in the account's own secret instead."
CUT = "# The part after the path of an address was removed, since it may hold a key. Add what the page needs."


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSecrets:
    """The secrets of a recording. `texts` maps each literal to remove to its replacement; `pages` holds visited
    addresses without keys; `cut` the literals in which an address was shortened. `values` are known and typed
    secrets, each with its expression."""

    texts: Mapping[ast.expr, str]
    pages: Mapping[ast.expr, str]
    cut: frozenset[ast.expr]
    values: Mapping[str, str]


def recorded_secrets_in(function: ast.FunctionDef, actor: str, values: Mapping[str, str]) -> RecordedSecrets:
    """Finds the secrets of a recording.

    `values` are known secrets, each with its expression. Any text typed into a field for a password, a code or, before
    either, a user name is a secret too, wherever else it occurs.
    """
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    by_field: dict[ast.expr, str] = dict(_by_field([call for call in calls if typed_text(call) is not None], actor))
    known = {**_typed(by_field), **values}
    gone_to = {call.args[0] for call in calls if is_going(call)}
    patterns = {call.args[0] for call in calls if call.args and ast.unparse(call.func) == "re.compile"}
    texts: dict[ast.expr, str] = {}
    pages: dict[ast.expr, str] = {}
    cut: set[ast.expr] = set()
    for node, text in _texts(function):
        if node in gone_to:
            pages[node] = rest = page_of(text, known)
            is_cut = has_more(text) or rest != page_of(text)
        else:
            rest = without_keys(text)
            is_cut = rest != text
        cut |= {node} if is_cut else set()
        if expression := replace_values(rest, known, is_pattern=node in patterns):
            texts[node] = expression
        elif rest != text and node not in gone_to:
            texts[node] = quoted(rest)
    return RecordedSecrets(texts={**texts, **by_field}, pages=pages, cut=frozenset(cut - by_field.keys()), values=known)


def left_out(statement: ast.stmt) -> str:
    """The comment that replaces a whole statement; empty if the statement may stay."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return ""
    if is_snapshot(call):
        return SNAPSHOT
    return KEYS if _presses(call) and typed_text(call) is not None and secret_field(call) else ""


def is_nameless(statement: ast.stmt, hidden: RecordedSecrets) -> bool:
    """Tells whether text that stays was typed into a field without a name, and so may be a secret."""
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    typing = [(call, literal) for call in calls if (literal := typed_text(call)) and literal not in hidden.texts]
    return any(
        literal.value and not _presses(call) and all(EVERY_FIELD.fullmatch(word) for word in words_of(call))
        for call, literal in typing
    )


def is_going(call: ast.Call) -> bool:
    """Tells whether a call navigates to an address."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "goto" and len(call.args) == 1


def is_sign_in(expression: str) -> bool:
    """Tells whether an expression is a credential for signing in."""
    return any(part in expression for part in (".account.username", ".account.password", ".account.totp_key"))


def replace_values(text: str, values: Mapping[str, str], *, is_pattern: bool = False) -> str:
    """Replaces known values in a text, as an expression; empty if it holds none. Spaces in the text may differ; with
    `is_pattern`, special characters are escaped."""
    if text in values and not is_pattern:
        return values[text]
    for value, expression in sorted(values.items(), key=lambda pair: -len(pair[0])):
        if len(value) >= SHORTEST and (found := _match_of(value, text, is_pattern=is_pattern)):
            said = f"re.escape({expression})" if is_pattern else expression
            sides = [text[: found.start()], text[found.end() :]]
            before, after = (replace_values(part, values, is_pattern=is_pattern) or quoted(part) for part in sides)
            return " + ".join([*([before] if sides[0] else []), said, *([after] if sides[1] else [])])
    return ""


def _match_of(value: str, text: str, *, is_pattern: bool) -> re.Match[str] | None:
    escaped = r"\\?" if is_pattern else ""
    words = ["".join(escaped + re.escape(char) for char in word) for word in value.split()]
    return re.search(r"(?:\s|\\s[+*]?)+".join(words) if is_pattern else r"\s+".join(words), text) if words else None


def _texts(function: ast.FunctionDef) -> Iterator[tuple[ast.Constant, str]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def _typed(by_field: Mapping[ast.expr, str]) -> dict[str, str]:
    """Typed values with their expressions. Codes are left out: they change every time and expire within a minute."""
    return {
        str(node.value): expression
        for node, expression in by_field.items()
        if isinstance(node, ast.Constant) and len(str(node.value)) >= SHORTEST and ".totp_key" not in expression
    }


def _by_field(calls: list[ast.Call], actor: str) -> Iterator[tuple[ast.expr, str]]:
    account = f"{actor}.account"
    of_secrets = [call.lineno for call in calls if secret_field(call) or _is_code(call)]
    for call in calls:
        literal = typed_text(call)
        if literal is None or not literal.value:
            continue
        if _is_code(call):
            yield literal, f"totp({account}.totp_key.reveal(), time.time())"
        elif matches_any(words_of(call), SECRET_FIELD):
            yield literal, f"{account}.password.reveal()"
        elif (
            matches_any(words_of(call), USER_FIELD)
            and any(line > call.lineno for line in of_secrets)
            and not _presses(call)
        ):
            yield literal, f"{account}.username"


def _is_code(call: ast.Call) -> bool:
    literal = typed_text(call)
    is_number = literal is not None and bool(DIGITS.fullmatch(str(literal.value).replace(" ", "")))
    words = words_of(call)
    return bool(matches_any(words, CODE_FIELD)) or (is_number and bool(matches_any(words, CODE_WORD)))


def _presses(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "press"
