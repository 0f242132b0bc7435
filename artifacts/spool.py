"""The durable shelf between a run and the store: what is on it reaches the store sooner or later.

A run is put on in one step: its files are written into a folder of their own, made durable, and the folder is renamed
into place. If we die before the rename, the run's evidence never was; after it, it will be delivered. A file is taken
off when the store has it; run.json goes last, so that a run whose run.json is in the store is there whole. If we die
in between, what is left is delivered again, and the store takes the same bytes twice.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from artifacts.stores import Store, StoreError

LAST = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of a delivery: how many files the store took, and what it said to the runs that wait."""

    files: int = 0
    waiting: tuple[str, ...] = ()


class Spool:
    """The shelf in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, prefix: str, files: Mapping[str, bytes]) -> None:
        """Put a run on: `files` by name under its prefix."""
        making = self._root / f".making-{os.getpid()}-{quote(prefix, safe='')}"
        for name, data in files.items():
            path = making / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        making.rename(self._root / quote(prefix, safe=""))
        _make_durable(self._root)

    def deliver(self, store: Store) -> Delivery:
        """Take to the store whatever is on the shelf. A store that is away keeps nothing from being tried again.

        One process at a time delivers; another waits, and finds on the shelf what is left.
        """
        taken, waiting = 0, []
        with (self._root / ".delivering").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for shelf in sorted(path for path in self._root.iterdir() if not path.name.startswith(".")):
                try:
                    taken += self._deliver(shelf, store)
                except StoreError as error:
                    waiting.append(f"{unquote(shelf.name)}: {error}")
        return Delivery(files=taken, waiting=tuple(waiting))

    def _deliver(self, shelf: Path, store: Store) -> int:
        files = sorted(
            (path for path in shelf.rglob("*") if path.is_file()), key=lambda path: (path.name == LAST, path)
        )
        for path in files:
            name = f"{unquote(shelf.name)}/{path.relative_to(shelf).as_posix()}"
            store.put(name, path.read_bytes())
            path.unlink()
        shutil.rmtree(shelf)
        return len(files)


def _make_durable(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
