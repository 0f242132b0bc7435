"""Durable writes: files and folders that survive a power cut."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write a file and make its bytes durable. Its name is durable only after `fsync_folder`."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths below a folder; all is durable but the folder's own name."""
    folders = {root}
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data)
        folders.update(parent for parent in path.parents if parent.is_relative_to(root))
    for folder in folders:
        fsync_folder(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, with durable names."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for parent in missing:
        fsync_folder(parent.parent)
