"""The rules of the house, held by counting: sizes, opening sentences, tables, names, and a lock without addresses."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from firstbell.journeys.stage.school import KINDS

ROOT = Path(__file__).parents[1]
PACKAGES = ("firstbell", "journeys", "artifacts", "runner")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FILE_LIMIT, FUNCTION_LIMIT = 300, 50
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "types", "base", "handler"}


def names() -> list[str]:
    return [str(path.relative_to(ROOT)) for path in MODULES]


@pytest.mark.parametrize("name", names())
def test_a_module_opens_with_a_sentence_and_stays_readable(name: str) -> None:
    text = (ROOT / name).read_text()
    tree = ast.parse(text)
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
    users = {path.relative_to(ROOT) for path in MODULES if _private_parts(ast.parse(path.read_text()))}
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


def test_the_plugin_is_loaded_in_less_than_20_ms() -> None:
    """Of processor time, beyond pytest itself: a machine that does other things as well makes no difference."""
    code = (
        "import time, pytest; began = time.process_time(); import firstbell.runner.pytest_plugin.plugin; "
        "print(1000 * (time.process_time() - began))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert float(done.stdout) < 20
