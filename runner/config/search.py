"""Finds the configuration file. Imports nothing heavy: the pytest plugin uses it in every project."""

from __future__ import annotations

from pathlib import Path

from firstbell.runner.config.errors import NoConfig

FILE_NAME = "firstbell.toml"


def nearest_config(start: Path) -> Path | None:
    """Returns the configuration in a folder or in the nearest folder above it."""
    folders = (start.absolute(), *start.absolute().parents)
    return next((file for folder in folders if (file := folder / FILE_NAME).is_file()), None)


def find_config(start: Path, explicit: Path | str | None = None) -> Path:
    """Returns the named file, or else the nearest one upwards. Raises NoConfig."""
    if explicit is not None:
        path = Path(explicit)
        if not path.is_file():
            raise NoConfig(f"{path} does not exist; correct the path, or write one with: firstbell init")
        return path.absolute()
    if found := nearest_config(start):
        return found
    raise NoConfig(f"there is no {FILE_NAME} in this folder or above it; write one with: firstbell init")
