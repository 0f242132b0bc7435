"""The spool, a durable queue between a run and the store: each run in it reaches the store, or is reported as dropped.

A run is added in one step: its objects are written into a folder of their own, made durable, and the folder is renamed
into place. If the process dies before the rename, the run's evidence never was; after it, it will be delivered. An
object is removed when the store has it; run.json is sent last, so a run whose run.json is in the store is complete. If
the process dies in between, what is left is delivered again, and the store accepts the same bytes twice.

The spool is bounded: when it is full, runs that were put aside are dropped first, then the oldest passes, then the
oldest failures, and each drop is recorded. A run that the store will never take (its name has other bytes) is put
aside, not tried for ever. A full disk is a full spool: a pass makes room for a pass, and any run for a failure.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from firstbell.artifacts import fsync
from firstbell.artifacts.dropped_runs import DroppedRuns
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Store, StoreError
from firstbell.private_files import private_folder

WRITTEN_LAST = "run.json"
MIB = 1 << 20
LIMIT_MIB = 2000  # By default.
# The number of names to remember of parts that this process has sent: they need not be sent again.
KNOWN_PARTS = 20_000
# A store that has refused so many runs in a row is left alone until the next delivery.
GIVE_UP_AFTER = 3
_UNFINISHED, _PARKED, _DROPPING = ".making-", ".aside-", ".dropping-"
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A run that did not reach the store, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolDelivery:
    """The result of a delivery: the number of objects that the store took, the runs that still wait, and the runs that
    were put aside. `busy` is true if another process is delivering; nothing was tried then."""

    objects: int = 0
    waiting: tuple[Undelivered, ...] = ()
    aside: tuple[Undelivered, ...] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolStatus:
    """The runs in the spool and their bytes; runs put aside; and the runs that were ever dropped to make room."""

    runs: int
    size_bytes: int
    dropped: int
    aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpooledRun:
    """A run in the spool, read from the name of its folder: `<lifetime>~<bytes>~<prefix>`."""

    path: Path
    lifetime: Lifetime
    size_bytes: int
    prefix: str

    @property
    def age(self) -> tuple[str, str]:
        """The sort key by age: a run's name begins with its time in UTC, whatever the file system's times are."""
        return (self.prefix.rpartition("/")[2], self.prefix)


class Spool:
    """A spool in a folder of this machine, bounded to `limit_mib`."""

    def __init__(self, root: Path, limit_mib: float = LIMIT_MIB) -> None:
        self._root = root
        self._limit_bytes = int(limit_mib * MIB)
        self._drops = DroppedRuns(root / ".dropped.jsonl")
        self._known_parts: dict[str, None] = {}
        self._refused: set[str] = set()
        private_folder(root)
        self._recover()

    def put(self, prefix: str, objects: Mapping[str, bytes], lifetime: Lifetime) -> tuple[str, ...]:
        """Add a run's objects, by their names in the store. Returns the runs that were dropped to make room.

        Raises OSError if the run cannot be written, or is larger than the whole spool.
        """
        size = sum(map(len, objects.values()))
        if size > self._limit_bytes:
            raise OSError(0, f"the run is larger than the whole spool ({size / MIB:.0f} MiB); raise evidence.spool_mib")
        unfinished = self._root / f"{_UNFINISHED}{os.getpid()}-{quote(prefix, safe='')}"
        dropped = self._write(unfinished, objects, lifetime)
        with self._lock(".placing", wait=True):
            dropped += self._make_room(size)
            unfinished.rename(self._root / f"{lifetime.value}~{size}~{quote(prefix, safe='')}")
        fsync.fsync_folder(self._root)
        return tuple(dropped)

    def deliver(self, store: Store, on_delivered: Callable[[str], object] = lambda _run: None) -> SpoolDelivery:
        """Send every run in the spool to the store; `on_delivered` is called with each run that is there complete.

        One process at a time delivers. A refused run keeps no other run from being tried: it goes to the end of the
        queue, and only a store that refuses several in a row is left alone until the next delivery.
        """
        objects, waiting, aside, refusals = 0, list[Undelivered](), list[Undelivered](), 0
        with self._lock(".delivering") as is_locked:
            if not is_locked:
                return SpoolDelivery(busy=True)
            for run in sorted(self._runs(), key=lambda run: (run.prefix in self._refused, run.age)):
                try:
                    try:
                        objects += self._deliver(run, store)
                    except AlreadyStored as error:
                        self._put_aside(run, str(error))
                        aside.append(Undelivered(name=run.prefix, reason=str(error)))
                        continue
                except FileNotFoundError:
                    continue  # Just dropped to make room.
                except Exception as error:  # Whatever befalls one run, the others are tried.
                    waiting.append(Undelivered(name=run.prefix, reason=_reason(error)))
                    self._refused.add(run.prefix)
                    refusals += isinstance(error, StoreError)
                else:
                    self._refused.discard(run.prefix)
                    refusals = 0
                    on_delivered(run.prefix)
                if refusals == GIVE_UP_AFTER:
                    break
        return SpoolDelivery(objects=objects, waiting=tuple(waiting), aside=tuple(aside))

    def waiting(self) -> SpoolStatus:
        """Return the number and size of the runs that wait."""
        runs = self._runs()
        size, aside = sum(run.size_bytes for run in runs), len(self._runs(_PARKED))
        return SpoolStatus(runs=len(runs), size_bytes=size, dropped=self._drops.count, aside=aside)

    def peek(self, name: str) -> bytes:
        """Return an object of a waiting run, by its name in the store; empty if it is no longer here."""
        for run in self._runs():
            if name.startswith(f"{run.prefix}/"):
                with suppress(OSError):
                    return (run.path / name).read_bytes()
        return b""

    def read(self, prefix: str) -> tuple[dict[str, bytes], bool]:
        """Return the objects of a run, also of one put aside, that are still here, and whether they are all of it."""
        objects = dict[str, bytes]()
        for run in [*self._runs(), *self._runs(_PARKED)]:
            for path in run.path.rglob("*/*") if run.prefix == prefix else ():
                with suppress(FileNotFoundError, IsADirectoryError):  # Delivered meanwhile, or a folder.
                    objects[path.relative_to(run.path).as_posix()] = path.read_bytes()
            if objects:
                return objects, sum(map(len, objects.values())) == run.size_bytes
        return objects, False

    def dropped(self, prefix: str) -> str:
        """Return the time (UTC) at which a run was dropped to make room; empty if it was not."""
        return self._drops.when(prefix)

    def _deliver(self, run: _SpooledRun, store: Store) -> int:
        files = sorted(
            (path for path in run.path.rglob("*") if path.is_file()), key=lambda path: (path.name == WRITTEN_LAST, path)
        )
        taken = 0
        for path in files:
            name = path.relative_to(run.path).as_posix()
            if name not in self._known_parts:
                store.put(name, path.read_bytes(), run.lifetime)
                self._remember(name)
            path.unlink()
            taken += 1
        shutil.rmtree(run.path)
        return taken

    def _remember(self, name: str) -> None:
        if name.startswith("parts/"):
            self._known_parts[name] = None
            if len(self._known_parts) > KNOWN_PARTS:
                del self._known_parts[next(iter(self._known_parts))]

    def _write(self, unfinished: Path, objects: Mapping[str, bytes], lifetime: Lifetime) -> list[str]:
        """Write a run into an unfinished folder. Returns the runs that were dropped because the disk was full."""
        dropped: list[str] = []
        while True:
            try:
                fsync.write_tree(unfinished, objects)
            except OSError as error:
                shutil.rmtree(unfinished, ignore_errors=True)
                is_pass = lifetime is Lifetime.PASSES
                droppable = [run for run in self._drop_order() if not is_pass or run.lifetime is lifetime]
                if error.errno not in _FULL or not droppable:
                    raise
                dropped += self._drop(droppable[0])
            else:
                return dropped

    def _make_room(self, size: int) -> list[str]:
        queue = self._drop_order()
        used, dropped = sum(run.size_bytes for run in queue), list[str]()
        for run in queue:
            if used + size <= self._limit_bytes:
                break
            used -= run.size_bytes
            dropped += self._drop(run)
        return dropped

    def _drop_order(self) -> list[_SpooledRun]:
        """Return the runs in the order in which they are dropped: put aside, then the oldest passes, then the rest."""
        runs = sorted(self._runs(), key=lambda run: (run.lifetime is not Lifetime.PASSES, run.age))
        return [*sorted(self._runs(_PARKED), key=lambda run: run.age), *runs]

    def _drop(self, run: _SpooledRun) -> list[str]:
        """Drop a run. It is renamed first and its empty folder removed last: after a crash the next start counts it."""
        dropping = self._root / f"{_DROPPING}{run.path.name.removeprefix(_PARKED)}"
        try:
            run.path.rename(dropping)
        except FileNotFoundError:
            return []  # Just delivered.
        self._remove(dropping, run.prefix)
        return [run.prefix]

    def _remove(self, dropping: Path, prefix: str) -> None:
        for path in dropping.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        self._drops.note(prefix)
        shutil.rmtree(dropping, ignore_errors=True)

    def _put_aside(self, run: _SpooledRun, reason: str) -> None:
        aside = self._root / f"{_PARKED}{run.path.name}"
        shutil.rmtree(aside, ignore_errors=True)
        run.path.rename(aside)
        (aside / "why.txt").write_text(f"{reason}\n")

    def _recover(self) -> None:
        """Remove folders that dead processes left unfinished, and finish the drops that they began."""
        from psutil import pid_exists  # noqa: PLC0415  # `firstbell status` reads a limit of this module, and no more

        for path in self._root.glob(f"{_UNFINISHED}*"):
            pid = path.name.removeprefix(_UNFINISHED).partition("-")[0]
            if not (pid.isdecimal() and pid_exists(int(pid))):
                shutil.rmtree(path, ignore_errors=True)
        for run in self._runs(_DROPPING):
            with suppress(FileNotFoundError):
                self._remove(run.path, run.prefix)

    def _runs(self, mark: str = "") -> list[_SpooledRun]:
        """Return the runs that wait, or that are marked as put aside or dropping; other files are ignored."""
        runs = []
        for path in self._root.iterdir():
            if path.name.startswith(mark) and (mark or not path.name.startswith(".")):
                lifetime, _, rest = path.name.removeprefix(mark).partition("~")
                size, separator, prefix = rest.partition("~")
                with suppress(ValueError):
                    kept_for, size_bytes = Lifetime(lifetime), int(size)
                    if separator:
                        runs.append(
                            _SpooledRun(path=path, lifetime=kept_for, size_bytes=size_bytes, prefix=unquote(prefix))
                        )
        return runs

    @contextmanager
    def _lock(self, name: str, *, wait: bool = False) -> Iterator[bool]:
        """Take a lock that processes share; yields whether it was taken. With `wait`, blocks until it is free."""
        with (self._root / name).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


def _reason(error: Exception) -> str:
    """Return why a run was not delivered. The text of an unforeseen error may hold anything, so its place is named."""
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror})"
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}"
    is_told = isinstance(error, StoreError)
    return str(error) if is_told else f"First Bell failed with {type(error).__name__} ({place}); report it"
