"""What a journey file says without being imported: journeys, steps, whom they bring on, secrets left in it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from firstbell.runner.authoring.field_words import CODE_FIELD, SECRET_FIELD, matches_any
from firstbell.runner.authoring.urls import key_in

# Methods of Playwright that type what they are given.
TYPING = frozenset({"fill", "type", "press_sequentially"})
# Methods that look for what somebody has typed.
VALUES = frozenset({"to_have_value", "not_to_have_value"})
SNAPSHOTS = frozenset({"to_match_aria_snapshot", "not_to_match_aria_snapshot"})
# Methods that wait for what must be seen, besides those called expect.
WAITING = frozenset({"wait_for", "wait_for_first", "wait_for_selector", "wait_for_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One `somebody.step(...)`. `title` and `service` are None where they are no literal text."""

    line: int
    has_title: bool
    title: str | None
    service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFile:
    """A file, read: lines, and what stands there. `unmarked` are tests that are no journeys, `keys` what addresses hold
    that lets anybody in, `snapshots` whole pages, and `trusting` tests whose steps expect nothing."""

    journeys: tuple[tuple[int, str], ...] = ()
    steps: tuple[StepCall, ...] = ()
    roles: tuple[tuple[int, str], ...] = ()
    secrets: tuple[tuple[int, str], ...] = ()
    unmarked: tuple[tuple[int, str], ...] = ()
    keys: tuple[tuple[int, str], ...] = ()
    snapshots: tuple[int, ...] = ()
    trusting: tuple[tuple[int, str], ...] = ()


def read_journeys(source: str | bytes) -> JourneyFile:
    """Read a file, whose bytes may say in which coding they are. Raises SyntaxError, and ValueError for a null byte."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return JourneyFile(
        journeys=tuple(_marked(calls)),
        steps=tuple(sorted(_steps(calls), key=lambda step: step.line)),
        roles=tuple(_roles(calls)),
        secrets=tuple(_secrets(calls)),
        unmarked=tuple(_unmarked(tree)),
        keys=tuple(_keys(tree)),
        snapshots=tuple(call.lineno for call in calls if is_snapshot(call)),
        trusting=tuple(_trusting(tree)),
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
    """The literal that a call types into a field, or looks for in it; None where there is none."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    typed, method = call.args[-1], call.func.attr
    if not isinstance(typed, ast.Constant) or not isinstance(typed.value, str):
        return None
    is_key = method == "press" and len(typed.value.removeprefix("Shift+")) == 1
    return typed if method in TYPING or method in VALUES or is_key else None


def secret_field(call: ast.Call) -> str:
    """The words that say that a call is about a field for a secret; empty where none do."""
    words = words_of(call)
    return matches_any(words, SECRET_FIELD) or matches_any(words, CODE_FIELD)


def is_snapshot(call: ast.Call) -> bool:
    """Whether a call compares a whole page, with all that stood there."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in SNAPSHOTS


def words_of(call: ast.Call) -> list[str]:
    """The texts by which a call finds what it acts on: labels, names, selectors."""
    typed = typed_text(call)
    inside = [*ast.walk(call.func), *(node for argument in call.args[:-1] for node in ast.walk(argument))]
    return [
        node.value
        for node in inside
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node is not typed
    ]


def _keys(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (name := key_in(node.value)):
            yield node.lineno, name


def _trusting(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Tests with steps in which nothing is expected, neither there nor in a function of the file that they call."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    proving = {function.name for function in functions if _expects(function, ())}
    for function in functions:
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        if function.name.startswith("test_") and any(_steps(calls)) and not _expects(function, proving):
            yield function.lineno, function.name


def _expects(function: ast.FunctionDef, proving: Collection[str]) -> bool:
    for node in ast.walk(function):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name.startswith("expect") or name in WAITING or name in proving or isinstance(node, ast.Assert):
            return True
    return False


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
