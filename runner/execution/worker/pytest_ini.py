"""Which pytest configuration is in force for what a district plays: its own, as `pytest` itself would find it.

First Bell's own files stand first on the command line of a worker, and pytest would look beside them: every `base_url`,
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
    """A project's configuration file, None where it has none, and the folder that it calls its root."""

    file: Path | None
    root: Path

    @property
    def options(self) -> list[str]:
        """What tells pytest so. An empty file is better than one that it would find for itself."""
        return ["-c", str(self.file or os.devnull), "--rootdir", str(self.root), "--confcutdir", str(self.root)]


def pytest_ini_for(played: Sequence[Path], folder: Path) -> PytestIni:
    """What is in force for files and folders that are played, and the folder of firstbell.toml, from which a person
    would start pytest."""
    nearest = _shared([_folder_of(path) for path in played] or [folder])
    for start in (nearest, folder):
        for place in (start, *start.parents):
            for name in CONFIG_FILES:
                if (file := place / name).is_file() and is_config(file):
                    return PytestIni(file=file, root=place)
    return PytestIni(file=None, root=_shared([nearest, folder]))


def _folder_of(path: Path) -> Path:
    """Where a folder of journeys, a file or a node of pytest stands."""
    plain = Path(os.path.abspath(str(path).partition("::")[0]))  # noqa: PTH100  # a link stays a link, as for pytest
    return plain if plain.is_dir() else plain.parent


def _shared(folders: Sequence[Path]) -> Path:
    """The folder that all have in common."""
    return Path(os.path.commonpath([str(folder) for folder in folders]))
