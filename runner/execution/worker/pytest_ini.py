"""Finds the pytest configuration of a district's journeys: the project's own, as `pytest` itself would find it.

Shipped journeys stand first on the command line of a worker, and pytest would search beside them: every `base_url`,
marker and `pythonpath` of a project would be lost, or First Bell's taken for it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firstbell.compat.pytest import CONFIG_FILES, is_config


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestIni:
    """A project's configuration file, None if it has none, and pytest's root folder."""

    file: Path | None
    root: Path

    @property
    def options(self) -> list[str]:
        """The pytest options that select it. Without a file they name an empty one, or pytest would find another."""
        return ["-c", str(self.file or os.devnull), "--rootdir", str(self.root), "--confcutdir", str(self.root)]


def pytest_ini_for(played: Sequence[Path], folder: Path) -> PytestIni:
    """Returns the configuration for the journey files and folders `played`, and the folder of firstbell.toml, from
    which a person would start pytest."""
    nearest = _common([_folder_of(path) for path in played] or [folder])
    for start in (nearest, folder):
        for folder_above in (start, *start.parents):
            for name in CONFIG_FILES:
                if (file := folder_above / name).is_file() and is_config(file):
                    return PytestIni(file=file, root=folder_above)
    return PytestIni(file=None, root=_common([nearest, folder]))


def _folder_of(path: Path) -> Path:
    """Returns the folder of a journey folder, a file or a pytest node."""
    absolute = Path(os.path.abspath(str(path).partition("::")[0]))  # noqa: PTH100  # a link stays a link, as for pytest
    return absolute if absolute.is_dir() else absolute.parent


def _common(folders: Sequence[Path]) -> Path:
    """Returns the common folder of all."""
    return Path(os.path.commonpath([str(folder) for folder in folders]))
