"""Gives a shipped journey one module name in this checkout, whichever path pytest was given."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
FOLDER = ROOT / "journeys"


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect `journeys/x.py` by its path in the package `firstbell`, so that it is `firstbell.journeys.x` and nothing
    else. By its own path pytest would load it a second time, as `journeys.x`."""
    if not module_path.is_relative_to(FOLDER):
        return None
    return pytest.Module.from_parent(parent, path=ROOT / "firstbell" / module_path.relative_to(ROOT))
