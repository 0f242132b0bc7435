"""The rules of the house, held by counting: sizes, opening sentences, tables, names, and a lock without addresses."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from firstbell.journeys.adapters.loading import KINDS

ROOT = Path(__file__).parents[1]
PACKAGES = ("firstbell", "journeys", "artifacts", "runner")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FILE_LIMIT, FUNCTION_LIMIT = 300, 50
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "types", "base", "handler"}


@cache
def parsed(path: Path) -> ast.Module:
    """The tree of a module, which several rules read."""
    return ast.parse(path.read_text())


def names() -> list[str]:
    return [str(path.relative_to(ROOT)) for path in MODULES]


@pytest.mark.parametrize("name", names())
def test_a_module_opens_with_a_sentence_and_stays_readable(name: str) -> None:
    text = (ROOT / name).read_text()
    tree = parsed(ROOT / name)
    opening = ast.get_docstring(tree)
    assert opening, f"{name} does not say what it is for"
    assert len(text.splitlines()) <= FILE_LIMIT, f"{name} has more than {FILE_LIMIT} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LIMIT, f"{name}: {node.name} has {length} lines"


def test_no_name_says_nothing() -> None:
    assert not [name for name in names() if Path(name).stem in SAY_NOTHING]


def _private_parts(tree: ast.AST) -> set[str]:
    """Imports of `_pytest` and `playwright._impl`, and steps from a public object of theirs into its private parts."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {f"{module}.{alias.name}" for alias in names}
            case ast.Attribute(attr=name):
                found.add(name)
    return {name for name in found if name.startswith("_pytest") or "_impl" in name or name == "_initrequest"}


def test_private_parts_of_pytest_and_playwright_are_used_in_one_package() -> None:
    users = {path.relative_to(ROOT) for path in MODULES if _private_parts(parsed(path))}
    assert {user.parent for user in users} == {Path("firstbell", "compat")}


def test_no_import_cycle_type_checking_imports_included() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    assert len(graph.modules) > 0.9 * len(MODULES), "too few: migrations are files, and not modules"
    # Raises CycleError, which names the modules.
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()


@pytest.mark.parametrize("table", sorted(KINDS))
def test_each_row_of_an_adapter_table_names_a_class_that_exists(table: str) -> None:
    for kind, target in KINDS[table].items():
        module, _, name = target.partition(":")
        assert hasattr(importlib.import_module(module), name), f"{table}: {kind} names {target}"


def test_the_lock_pins_everything_with_hashes_and_names_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = [line for line in text.splitlines() if line and line[0].isalnum()]
    assert pins
    assert all("==" in pin for pin in pins)
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_what_the_user_fixed_is_where_they_fixed_it() -> None:
    for name in ("journeys", "runner", "artifacts", "tests", "pyproject.toml", "README.md"):
        assert (ROOT / name).exists()


def test_the_plugin_costs_a_strange_project_nothing_heavy() -> None:
    """In a fresh interpreter, loading the plugin must not bring in what only journeys need."""
    code = (
        "import sys; import firstbell.runner.pytest_plugin.plugin; "
        "print(sorted({'playwright', 'pydantic', 'sqlalchemy', 'boto3', 'rich'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_plugin_brings_few_modules() -> None:
    """About 12 ms of processor time where pytest itself takes 250; counted, because times differ with the machine."""
    code = (
        "import sys, pytest; before = set(sys.modules); import firstbell.runner.pytest_plugin.plugin; "
        "print(len(set(sys.modules) - before))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(done.stdout) <= 20


# Metaphors that a cold reader could not guess. None may be part of a name, or stand in the first line of a docstring.
_BANNED_WORDS = (
    "theatre staging switchboard house troupe ensemble prompter curtain scene casting wear tired doubt recall "
    "vigil crew broom shelf shelved desk keepsakes glance weather withholding ladder legs papers stagehands "
    "audience repertoire performed handing programme bill teller parcel parcels cupboard onlooker surroundings "
    "company hire hired whisper nobody somebody anybody wary standing bury knock pulse"
)
BANNED = frozenset(_BANNED_WORDS.split())
# Words that stand where a noun could.
_RIDDLES_WORDS = (
    "What Who Whose Whom Whoever Whatever Whichever Where When How Why Somebody Someone Something Anybody Anyone "
    "Nobody Everybody Everything Nothing Those These"
)
RIDDLES = frozenset(_RIDDLES_WORDS.split())
PACKAGE_LIMIT = 14
SHORT_FUNCTION = 30
SHORT_SHARE = 0.95
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def words_of(identifier: str) -> set[str]:
    """The words of a name: `RunResult`, `run_result` and `RUN_RESULT` have two."""
    return {word.lower() for word in _WORD.findall(identifier)}


def identifiers_in(tree: ast.AST) -> Iterator[str]:
    """The names that a module defines, takes and uses. Keywords and texts of other people's are not among them."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name) | ast.arg(arg=name):
                yield name


def docstrings_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield text


def metaphors_in(tree: ast.AST) -> set[str]:
    named = set[str]().union(*map(words_of, identifiers_in(tree)))
    first_lines = " ".join(text.splitlines()[0] for text in docstrings_in(tree))
    return set(BANNED) & (named | set(re.findall(r"[a-z]+", first_lines.lower())))


def riddles_in(tree: ast.AST) -> list[str]:
    first_lines = [text.splitlines()[0] for text in docstrings_in(tree)]
    return [line for line in first_lines if re.split(r"\W", line, maxsplit=1)[0] in RIDDLES]


@pytest.mark.parametrize("name", names())
def test_a_module_is_written_in_plain_words(name: str) -> None:
    tree = parsed(ROOT / name)
    assert not metaphors_in(tree) | (BANNED & words_of(Path(name).stem))
    assert riddles_in(tree) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""The scene of a run."""',
        "def hire_crew(): ...",
        "class Theatre: ...",
        "def f(house): ...",
    ],
)
def test_a_metaphor_is_found(source: str) -> None:
    assert metaphors_in(ast.parse(source))


def test_a_riddle_is_found() -> None:
    tree = ast.parse('"""A module."""\ndef f():\n    """What nobody was told."""')
    assert riddles_in(tree) == ["What nobody was told."]


@pytest.mark.parametrize("top", PACKAGES)
def test_no_class_name_stands_twice(top: str) -> None:
    found: dict[str, list[str]] = {}
    for path in (ROOT / top).rglob("*.py"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_a_package_has_at_most_14_modules() -> None:
    sizes = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): n for folder, n in sizes.items() if n > PACKAGE_LIMIT} == {}


def test_nearly_all_functions_are_short() -> None:
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef)
    ]
    assert sum(length < SHORT_FUNCTION for length in lengths) >= SHORT_SHARE * len(lengths)
