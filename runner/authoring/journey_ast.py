"""Reads a journey file without importing it: journeys, steps, roles, and secrets left in it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from firstbell.runner.authoring.clear_secrets import clear_secrets, literal_text
from firstbell.runner.authoring.urls import key_in

SNAPSHOTS = frozenset({"to_match_aria_snapshot", "not_to_match_aria_snapshot"})
# Packages whose functions expect nothing of a page by themselves, or are known by their names.
KNOWN_PACKAGES = frozenset({"playwright", "pytest", "firstbell", *sys.stdlib_module_names})
# Fixtures that are people, pages and facts; any other may be a page object.
OUR_FIXTURES = frozenset(
    [
        "teacher",
        "student",
        "actor",
        "stage",
        "school",
        "classroom",
        "district",
        "page",
        "context",
        "browser",
        "new_context",
        "playwright",
        "request",
    ]
)
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
        secrets=tuple(clear_secrets(tree)),
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
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "journey"
            and (name := literal_text(_first(call)))
        ):
            yield call.lineno, name


def _steps(calls: list[ast.Call]) -> Iterator[StepCall]:
    """Calls of `.step` with `relies_on`: other objects have steps too."""
    for call in calls:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        if isinstance(call.func, ast.Attribute) and call.func.attr == "step" and "relies_on" in keywords:
            title = _first(call) or keywords.get("title")
            yield StepCall(
                line=call.lineno,
                has_title=title is not None,
                title=literal_text(title),
                service=literal_text(keywords["relies_on"]),
            )


def _roles(calls: list[ast.Call]) -> Iterator[tuple[int, str]]:
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "actor" and (role := literal_text(_first(call))):
            yield call.lineno, role


def is_snapshot(call: ast.Call) -> bool:
    """Tells whether a call compares a whole page with a snapshot."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in SNAPSHOTS


def _keys(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (name := key_in(node.value)):
            yield node.lineno, name


def _trusting(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Tests with steps that expect nothing, neither directly nor in a function of the file that they call."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    foreign = _foreign_names(tree)
    expecting = {function.name for function in functions if _expects(function, foreign)} | foreign
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


def _foreign_names(tree: ast.Module) -> set[str]:
    """Names whose code is elsewhere and may expect something: what other files of the project give, and objects of
    fixtures that are not ours."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    given: set[str] = set()
    for node in imports:
        of = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        is_relative = isinstance(node, ast.ImportFrom) and node.level > 0
        if is_relative or of.partition(".")[0] not in KNOWN_PACKAGES:
            given |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    tests = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test"))
    return given | {one.arg for test in tests for one in test.args.args} - OUR_FIXTURES


def _unmarked(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Test functions of a module that has no journey marker at all."""
    if any(isinstance(node, ast.Attribute) and node.attr == "journey" for node in ast.walk(tree)):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name


def _first(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else None
