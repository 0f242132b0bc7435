"""What a journey file says without being imported: journeys, steps, whom they bring on, secrets left in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Labels and selectors of fields that nobody reads aloud.
SECRET_FIELD = re.compile(r"passw|passcode|passphrase|secret|\bpin\b|pwd", re.IGNORECASE)
CODE_FIELD = re.compile(r"one.?time|\botp\b|authenticat|verification code|security code|two.?factor", re.IGNORECASE)
# Methods of Playwright that type what they are given.
TYPING = frozenset({"fill", "type", "press_sequentially"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One `somebody.step(...)`. `title` and `service` are None where they are no literal text."""

    line: int
    has_title: bool
    title: str | None
    service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFile:
    """A file, read: lines, and what stands there. `unmarked` are tests that are no journeys."""

    journeys: tuple[tuple[int, str], ...] = ()
    steps: tuple[StepCall, ...] = ()
    roles: tuple[tuple[int, str], ...] = ()
    secrets: tuple[tuple[int, str], ...] = ()
    unmarked: tuple[tuple[int, str], ...] = ()


def read_journeys(source: str) -> JourneyFile:
    """Read the text of a file. Raises SyntaxError."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return JourneyFile(
        journeys=tuple(_marked(calls)),
        steps=tuple(sorted(_steps(calls), key=lambda step: step.line)),
        roles=tuple(_roles(calls)),
        secrets=tuple(_secrets(calls)),
        unmarked=tuple(_unmarked(tree)),
    )


def _marked(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "journey" and (name := _text(_first(call))):
            yield call.lineno, name


def _steps(calls: list[ast.Call]) -> Iterator[StepCall]:
    """Calls of `.step` that say what they rely on: other things have steps too."""
    for call in calls:
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        if isinstance(call.func, ast.Attribute) and call.func.attr == "step" and "relies_on" in named:
            title = _first(call) or named.get("title")
            yield StepCall(
                line=call.lineno, has_title=title is not None, title=_text(title), service=_text(named["relies_on"])
            )


def _roles(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "actor" and (role := _text(_first(call))):
            yield call.lineno, role


def _secrets(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    """Literals that are typed into a field whose words say that it takes a secret."""
    for call in calls:
        typed = typed_text(call)
        if typed is not None and typed.value and (field := secret_field(call)):
            yield call.lineno, field


def typed_text(call: ast.Call) -> ast.Constant | None:
    """The literal that a call types into a field; None where it types none."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in TYPING or not call.args:
        return None
    typed = call.args[-1]
    return typed if isinstance(typed, ast.Constant) and isinstance(typed.value, str) else None


def secret_field(call: ast.Call) -> str:
    """The words that say that a call types into a field for a secret; empty where none do."""
    return next((word for word in words_of(call) if SECRET_FIELD.search(word) or CODE_FIELD.search(word)), "")


def words_of(call: ast.Call) -> list[str]:
    """The texts by which a call finds what it acts on: labels, names, selectors."""
    typed = typed_text(call)
    inside = [*ast.walk(call.func), *(node for argument in call.args[:-1] for node in ast.walk(argument))]
    return [
        node.value
        for node in inside
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node is not typed
    ]


def _unmarked(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Test functions of a module that marks none of them, by itself or as a whole."""
    if any(isinstance(node, ast.Attribute) and node.attr == "journey" for node in ast.walk(tree)):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name


def _first(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else None


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
