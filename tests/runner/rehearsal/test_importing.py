"""Journeys and helpers of a project are imported in their rewritten form, other people's code and runs are not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from firstbell.runner.rehearsal.plays.importing import RewritingFinder

HELPER = "def knock(actor):\n    actor.page.knock()\n"


def test_only_the_projects_own_files_are_rewritten_and_no_cache_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / ".venv" / "site-packages"
    foreign.mkdir(parents=True)
    (foreign / "fb_foreign_helper.py").write_text(HELPER)
    (tmp_path / "fb_own_helper.py").write_text(HELPER)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(foreign), *sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    RewritingFinder([tmp_path]).install()
    names = {
        name: importlib.import_module(name).knock.__code__.co_names for name in ("fb_own_helper", "fb_foreign_helper")
    }
    assert "_firstbell" in names["fb_own_helper"]
    assert "_firstbell" not in names["fb_foreign_helper"]
    assert not (tmp_path / "__pycache__").exists()
    for name in names:
        del sys.modules[name]
