"""The durable shelf between a run and the store: what is on it reaches the store, or it is told as dropped.

A run is put on in one step: its objects are written into a folder of their own, made durable, and the folder is
renamed into place. If we die before the rename, the run's evidence never was; after it, it will be delivered. An
object is taken off when the store has it; run.json goes last, so that a run whose run.json is in the store is there
whole. If we die in between, what is left is delivered again, and the store takes the same bytes twice.

The shelf is bounded: when it is full the oldest passes are dropped first, then the oldest failures, and each drop is
written down. A run that the store will never take (other bytes lie under its name) is put aside, not tried for ever.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from artifacts.lifetime import Lifetime
from artifacts.stores import AlreadyKept, Store, StoreError

LAST = "run.json"
MIB = 1 << 20
# Names of parts that this process has seen in the store: they need not be sent again.
KNOWN_PARTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of a delivery: objects that the store took, runs that wait with what it said, runs put aside.

    `busy` is true when another process is delivering; nothing was tried then.
    """

    objects: int = 0
    waiting: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What lies on the shelf: runs and their bytes, and how many runs were ever dropped from it for want of room."""

    runs: int
    size_bytes: int
    dropped: int
    aside: int


class Spool:
    """The shelf in a folder of this machine, bounded to `limit_mib`."""

    def __init__(self, root: Path, limit_mib: float = 2000) -> None:
        self._root = root
        self._limit_bytes = int(limit_mib * MIB)
        self._known_parts: dict[str, None] = {}
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, prefix: str, objects: Mapping[str, bytes], lifetime: Lifetime) -> tuple[str, ...]:
        """Put a run's objects on, by their names in the store. Returns the runs that were dropped to make room.

        Raises OSError when it cannot be written, a run that is larger than the whole shelf included.
        """
        size = sum(map(len, objects.values()))
        if size > self._limit_bytes:
            raise OSError(0, f"it is larger than the whole spool ({size / MIB:.0f} MiB); raise evidence.spool_mib")
        dropped = self._make_room(size)
        making = self._root / f".making-{os.getpid()}-{quote(prefix, safe='')}"
        for name, data in objects.items():
            _write(making / name, data)
        making.rename(self._root / f"{lifetime.value}~{quote(prefix, safe='')}")
        _make_durable(self._root)
        return dropped

    def deliver(self, store: Store, told: Callable[[str], object] = lambda _run: None) -> Delivery:
        """Take to the store whatever is on the shelf; `told` hears each run that is there whole.

        One process at a time delivers. A run that has to wait keeps no other one from being tried, but for a store
        that cannot be used at all: then the rest would only wait for it too.
        """
        objects, waiting, aside = 0, [], []
        with (self._root / ".delivering").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Delivery(busy=True)
            for shelf in self._shelves():
                try:
                    objects += self._deliver(shelf, store)
                except AlreadyKept as error:
                    self._put_aside(shelf, str(error))
                    aside.append(f"{_prefix(shelf)}: {error}")
                except StoreError as error:
                    waiting.append(f"{_prefix(shelf)}: {error}")
                    if error.permanent:
                        break
                except FileNotFoundError:
                    continue  # Dropped at this moment to make room.
                else:
                    told(_prefix(shelf))
        return Delivery(objects=objects, waiting=tuple(waiting), aside=tuple(aside))

    def waiting(self) -> Waiting:
        """What lies here."""
        shelves = self._shelves()
        return Waiting(
            runs=len(shelves),
            size_bytes=sum(map(_size, shelves)),
            dropped=len(self._dropped()),
            aside=sum(1 for path in self._root.glob(".aside-*") if path.is_dir()),
        )

    def dropped(self, prefix: str) -> str:
        """When a run was dropped from here for want of room (UTC); empty if it was not."""
        return self._dropped().get(prefix, "")

    def _deliver(self, shelf: Path, store: Store) -> int:
        lifetime = Lifetime(shelf.name.partition("~")[0])
        files = sorted(
            (path for path in shelf.rglob("*") if path.is_file()), key=lambda path: (path.name == LAST, path)
        )
        for path in files:
            name = path.relative_to(shelf).as_posix()
            if name not in self._known_parts:
                store.put(name, path.read_bytes(), lifetime)
                self._remember(name)
            path.unlink()
        shutil.rmtree(shelf)
        return len(files)

    def _remember(self, name: str) -> None:
        if name.startswith("parts/"):
            self._known_parts[name] = None
            if len(self._known_parts) > KNOWN_PARTS:
                del self._known_parts[next(iter(self._known_parts))]

    def _make_room(self, size: int) -> tuple[str, ...]:
        shelves = self._shelves()
        used = sum(map(_size, shelves))
        dropped = []
        for shelf in sorted(shelves, key=lambda path: (not path.name.startswith(Lifetime.PASSES.value), _age(path))):
            if used + size <= self._limit_bytes:
                break
            used -= _size(shelf)
            dropped.append(_prefix(shelf))
            self._write_down(_prefix(shelf))
            shutil.rmtree(shelf, ignore_errors=True)
        return tuple(dropped)

    def _write_down(self, prefix: str) -> None:
        with (self._root / ".dropped.jsonl").open("a") as file:
            file.write(json.dumps({"run": prefix, "at": datetime.now(UTC).isoformat(timespec="seconds")}) + "\n")

    def _dropped(self) -> dict[str, str]:
        found: dict[str, str] = {}
        with suppress(FileNotFoundError):
            for line in (self._root / ".dropped.jsonl").read_text().splitlines():
                with suppress(ValueError, KeyError):
                    row = json.loads(line)
                    found[row["run"]] = row["at"]
        return found

    def _put_aside(self, shelf: Path, why: str) -> None:
        aside = self._root / f".aside-{shelf.name}"
        shutil.rmtree(aside, ignore_errors=True)
        shelf.rename(aside)
        (aside / "why.txt").write_text(f"{why}\n")

    def _shelves(self) -> list[Path]:
        """What is on, the oldest first."""
        return sorted((path for path in self._root.iterdir() if "~" in path.name and path.name[0] != "."), key=_age)


def _prefix(shelf: Path) -> str:
    return unquote(shelf.name.partition("~")[2])


def _age(shelf: Path) -> tuple[str, str]:
    """Runs' names begin with their time in UTC, whatever the file system says of theirs."""
    return (_prefix(shelf).rpartition("/")[2], shelf.name)


def _size(shelf: Path) -> int:
    """Its bytes now. It may be delivered and gone while one looks: os.walk passes over what it does not find."""
    total = 0
    for folder, _, names in os.walk(shelf):
        for name in names:
            with suppress(OSError):
                total += (Path(folder) / name).stat().st_size
    return total


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_durable(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
