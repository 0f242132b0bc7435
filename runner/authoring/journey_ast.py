"""Reads a journey file without importing it: journeys, steps, roles, and secrets left in it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from firstbell.runner.authoring.field_words import CODE_FIELD, SECRET_FIELD, matches_any
from firstbell.runner.authoring.urls import key_in

# Methods of Playwright that type what they are given.
TYPING = frozenset({"fill", "type", "press_sequentially"})
# Methods that expect a typed value.
VALUES = frozenset({"to_have_value", "not_to_have_value"})
SNAPSHOTS = frozenset({"to_match_aria_snapshot", "not_to_match_aria_snapshot"})
# Methods that wait for something to appear, in addition to expect.
WAITING = frozenset({"wait_for", "wait_for_first", "wait_for_selector", "wait_for_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One call `actor.step(...)`. `title` and `service` are None if they are not literals."""

    line: int
    has_title: bool
    title: str | None
    service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFile:
    """The content of a file, each item with its line. `unmarked` are tests without a journey marker, `keys` are access
    keys in addresses, `snapshots` compare whole pages, `trusting` are tests whose steps expect nothing, and
    `unwatched` media proofs in a file that neither follows a list of participants nor leaves the room to an adapter."""

    journeys: tuple[tuple[int, str], ...] = ()
    steps: tuple[StepCall, ...] = ()
    roles: tuple[tuple[int, str], ...] = ()
    secrets: tuple[tuple[int, str], ...] = ()
    unmarked: tuple[tuple[int, str], ...] = ()
    keys: tuple[tuple[int, str], ...] = ()
    snapshots: tuple[int, ...] = ()
    trusting: tuple[tuple[int, str], ...] = ()
    unwatched: tuple[int, ...] = ()


def read_journeys(source: str | bytes) -> JourneyFile:
    """Reads a file; its bytes may declare an encoding. Raises SyntaxError, and ValueError for a null byte."""
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
        unwatched=tuple(_unwatched(tree)),
    )


def _unwatched(tree: ast.Module) -> Iterator[int]:
    used = {node.attr: node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if "expect_to_see_and_hear" in used and not used.keys() & {"watch_participants", "live_class", "plan_b"}:
        yield used["expect_to_see_and_hear"]


def _marked(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "journey" and (name := _text(_first(call))):
            yield call.lineno, name


def _steps(calls: list[ast.Call]) -> Iterator[StepCall]:
    """Calls of `.step` with `relies_on`: other objects have steps too."""
    for call in calls:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        if isinstance(call.func, ast.Attribute) and call.func.attr == "step" and "relies_on" in keywords:
            title = _first(call) or keywords.get("title")
            yield StepCall(
                line=call.lineno, has_title=title is not None, title=_text(title), service=_text(keywords["relies_on"])
            )


def _roles(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "actor" and (role := _text(_first(call))):
            yield call.lineno, role


def _secrets(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    """Literals typed into a field that takes a secret, by its words."""
    for call in calls:
        typed = typed_text(call)
        if typed is not None and typed.value and (field := secret_field(call)):
            yield call.lineno, field


def typed_text(call: ast.Call) -> ast.Constant | None:
    """The literal that a call types into a field, or expects in it; None if there is none."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    typed, method = call.args[-1], call.func.attr
    if not isinstance(typed, ast.Constant) or not isinstance(typed.value, str):
        return None
    is_key = method == "press" and len(typed.value.removeprefix("Shift+")) == 1
    return typed if method in TYPING or method in VALUES or is_key else None


def secret_field(call: ast.Call) -> str:
    """The words that identify a field for a secret; empty if none do."""
    words = words_of(call)
    return matches_any(words, SECRET_FIELD) or matches_any(words, CODE_FIELD)


def is_snapshot(call: ast.Call) -> bool:
    """Tells whether a call compares a whole page with a snapshot."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in SNAPSHOTS


def words_of(call: ast.Call) -> list[str]:
    """The texts by which a call locates its element: labels, names, selectors."""
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
    """Tests with steps that expect nothing, neither directly nor in a function of the file that they call."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    expecting = {function.name for function in functions if _expects(function, ())}
    for function in functions:
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        if function.name.startswith("test_") and any(_steps(calls)) and not _expects(function, expecting):
            yield function.lineno, function.name


def _expects(function: ast.FunctionDef, expecting: Collection[str]) -> bool:
    for node in ast.walk(function):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name.startswith("expect") or name in WAITING or name in expecting or isinstance(node, ast.Assert):
            return True
    return False


def _unmarked(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Test functions of a module that has no journey marker at all."""
    if any(isinstance(node, ast.Attribute) and node.attr == "journey" for node in ast.walk(tree)):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name


def _first(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else None


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
