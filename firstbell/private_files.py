"""Files and folders that only their owner can read, whatever the umask, and whoever created them before."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

LOG_MIB = 5
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path) -> Path:
    """Creates a folder, and those above it that are missing, with mode 0700, and closes an existing one to others.
    Returns it. Raises OSError."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    close_to_others(folder)
    return folder


def private_file(file: Path) -> Path:
    """Creates an empty file with mode 0600, and closes an existing one to others. Returns it. Raises OSError."""
    os.close(os.open(file, os.O_RDONLY | os.O_CREAT, 0o600))
    close_to_others(file)
    return file


def private_log(file: Path) -> IO[bytes]:
    """Opens a private file in a private folder for appending. One larger than `LOG_MIB` is moved aside first, over the
    one before it: a log that nothing bounds fills a disk in a year. Raises OSError."""
    private_folder(file.parent)
    if file.exists() and file.stat().st_size > LOG_MIB << 20:
        file.replace(file.with_name(f"{file.name}.1"))
    return private_file(file).open("ab")


def close_to_others(path: Path) -> None:
    """Takes a file or folder away from all but its owner. One that belongs to another user stays as it is."""
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & _OTHERS and not path.is_symlink():
            path.chmod(mode & ~_OTHERS)
