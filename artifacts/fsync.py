"""Files that are there after a power cut: written, then made durable, their folders too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write a file and make its bytes durable. Its name is not, before its folder has `settled`."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths below a folder, all of it durable but the folder's own name."""
    folders = {root}
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data)
        folders.update(parent for parent in path.parents if parent.is_relative_to(root))
    for folder in folders:
        fsync_folder(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, their names durable."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        fsync_folder(one.parent)
