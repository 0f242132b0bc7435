"""Gives a shipped journey one module name in this checkout, whichever path pytest was given.

A file of `journeys/` is imported as `firstbell.journeys.x`. By its path in the top-level folder pytest would load it a
second time, as `journeys.x`; so its path in the package `firstbell` is collected instead.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
FOLDER = ROOT / "journeys"


def pytest_configure(config: pytest.Config) -> None:
    """Replace arguments that name the folder or a file of it."""
    config.args[:] = [_in_package(argument, config.invocation_params.dir) for argument in config.args]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect a file that pytest found in the folder by itself."""
    if not module_path.is_relative_to(FOLDER):
        return None
    return pytest.Module.from_parent(parent, path=ROOT / "firstbell" / module_path.relative_to(ROOT))


def _in_package(argument: str, folder: Path) -> str:
    path, separator, rest = argument.partition("::")
    found = (folder / path).resolve()
    if not path or not found.is_relative_to(FOLDER.resolve()) or "firstbell" in Path(path).parts:
        return argument
    return f"{ROOT / 'firstbell' / found.relative_to(ROOT.resolve())}{separator}{rest}"
