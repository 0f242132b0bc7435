"""Folders with raw recordings that belong to this process as long as it lives, told by a lock in place of its number.

The kernel takes a lock back from a process that ends, however it ends, and shows that to every container that has the
folder: a process number says nothing there, and may be the same each time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from firstbell.private_files import private_folder

_LOCK = ".owner"


class OwnedFolder:
    """A private folder that is created, and locked until it is released or the process ends."""

    def __init__(self, path: Path) -> None:
        """Raises OSError if the folder cannot be created. Without locks in its file system it has none."""
        self.path = private_folder(path)
        # Named only once it is locked: a lock file that can be locked tells that its owner is gone.
        unnamed = path / f"{_LOCK}-{os.getpid()}"
        self._number = os.open(unnamed, os.O_WRONLY | os.O_CREAT, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(path / _LOCK)
        unnamed.unlink(missing_ok=True)

    def release(self) -> None:
        """Gives the lock back, and removes the folder if nothing is left in it. Idempotent."""
        if self._number < 0:
            return
        os.close(self._number)
        self._number = -1
        with contextlib.suppress(OSError):
            if [file.name for file in self.path.iterdir()] == [_LOCK]:
                (self.path / _LOCK).unlink()
                self.path.rmdir()


def has_living_owner(folder: Path) -> bool | None:
    """True while a process has the folder, False after it has ended; None if the folder has no lock."""
    try:
        number = os.open(folder / _LOCK, os.O_WRONLY)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(number)
    return False
