"""The durable shelf between a run and the store: what is on it reaches the store, or it is told as dropped.

A run is put on in one step: its objects are written into a folder of their own, made durable, and the folder is
renamed into place. If we die before the rename, the run's evidence never was; after it, it will be delivered. An
object is taken off when the store has it; run.json goes last, so that a run whose run.json is in the store is there
whole. If we die in between, what is left is delivered again, and the store takes the same bytes twice.

The shelf is bounded: when it is full, what was put aside goes first, then the oldest passes, then the oldest failures,
and each drop is written down. A run that the store will never take (other bytes lie under its name) is put aside, not
tried for ever. A disk that is full is a full shelf: a pass makes way for a pass, and anything for a failure.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from firstbell.artifacts import fsync
from firstbell.artifacts.dropped_runs import DroppedRuns
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Store, StoreError

WRITTEN_LAST = "run.json"
MIB = 1 << 20
LIMIT_MIB = 2000  # By default.
# Names of parts that this process has seen in the store: they need not be sent again.
KNOWN_PARTS = 20_000
# A store that has refused so many runs in a row is left alone until the next round.
GIVE_UP_AFTER = 3
_MAKING, _PARKED, _DROPPING = ".making-", ".aside-", ".dropping-"
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A run, or another thing, that did not reach the store, and why."""

    name: str
    said: str

    def __str__(self) -> str:
        return f"{self.name}: {self.said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolDelivery:
    """What came of a delivery: objects that the store took, what it said to the runs that wait, runs put aside.

    `busy` is true when another process is delivering; nothing was tried then.
    """

    objects: int = 0
    waiting: tuple[Undelivered, ...] = ()
    aside: tuple[Undelivered, ...] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolStatus:
    """What lies on the shelf: runs and their bytes, and how many runs were ever dropped from it for want of room."""

    runs: int
    size_bytes: int
    dropped: int
    aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpooledRun:
    """A run on the shelf, as the name of its folder says: `<lifetime>~<bytes>~<prefix>`."""

    path: Path
    lifetime: Lifetime
    size_bytes: int
    prefix: str

    @property
    def age(self) -> tuple[str, str]:
        """Runs' names begin with their time in UTC, whatever the file system says of theirs."""
        return (self.prefix.rpartition("/")[2], self.prefix)


class Spool:
    """The shelf in a folder of this machine, bounded to `limit_mib`."""

    def __init__(self, root: Path, limit_mib: float = LIMIT_MIB) -> None:
        self._root = root
        self._limit_bytes = int(limit_mib * MIB)
        self._drops = DroppedRuns(root / ".dropped.jsonl")
        self._known_parts: dict[str, None] = {}
        self._refused: set[str] = set()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._clear_away()

    def put(self, prefix: str, objects: Mapping[str, bytes], lifetime: Lifetime) -> tuple[str, ...]:
        """Put a run's objects on, by their names in the store. Returns the runs that were dropped to make room.

        Raises OSError when it cannot be written, a run that is larger than the whole shelf included.
        """
        size = sum(map(len, objects.values()))
        if size > self._limit_bytes:
            raise OSError(0, f"it is larger than the whole spool ({size / MIB:.0f} MiB); raise evidence.spool_mib")
        making = self._root / f"{_MAKING}{os.getpid()}-{quote(prefix, safe='')}"
        dropped = self._write(making, objects, lifetime)
        with self._alone(".placing", patiently=True):
            dropped += self._make_room(size)
            making.rename(self._root / f"{lifetime.value}~{size}~{quote(prefix, safe='')}")
        fsync.fsync_folder(self._root)
        return tuple(dropped)

    def deliver(self, store: Store, told: Callable[[str], object] = lambda _run: None) -> SpoolDelivery:
        """Take to the store whatever is on the shelf; `told` hears each run that is there whole.

        One process at a time delivers. A run that is refused keeps no other one from being tried: it goes to the end
        of the line, and only a store that refuses several in a row is left alone until it is asked again.
        """
        objects, waiting, aside, in_a_row = 0, list[Undelivered](), list[Undelivered](), 0
        with self._alone(".delivering") as is_ours:
            if not is_ours:
                return SpoolDelivery(busy=True)
            for run in sorted(self._runs(), key=lambda run: (run.prefix in self._refused, run.age)):
                try:
                    objects += self._deliver(run, store)
                except AlreadyStored as error:
                    self._put_aside(run, str(error))
                    aside.append(Undelivered(name=run.prefix, said=str(error)))
                except FileNotFoundError:
                    continue  # Dropped at this moment to make room.
                except (StoreError, OSError) as error:
                    said = str(error) if isinstance(error, StoreError) else f"it cannot be read ({error.strerror})"
                    waiting.append(Undelivered(name=run.prefix, said=said))
                    self._refused.add(run.prefix)
                    in_a_row += 1
                else:
                    self._refused.discard(run.prefix)
                    in_a_row = 0
                    told(run.prefix)
                if in_a_row == GIVE_UP_AFTER:
                    break
        return SpoolDelivery(objects=objects, waiting=tuple(waiting), aside=tuple(aside))

    def waiting(self) -> SpoolStatus:
        """What lies here."""
        runs = self._runs()
        return SpoolStatus(
            runs=len(runs),
            size_bytes=sum(run.size_bytes for run in runs),
            dropped=self._drops.count,
            aside=len(self._runs(_PARKED)),
        )

    def peek(self, name: str) -> bytes:
        """An object of a run that waits here, by its name in the store; nothing where it is not here any more."""
        for run in self._runs():
            if name.startswith(f"{run.prefix}/"):
                with suppress(OSError):
                    return (run.path / name).read_bytes()
        return b""

    def dropped(self, prefix: str) -> str:
        """When a run was dropped from here for want of room (UTC); empty if it was not."""
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

    def _write(self, making: Path, objects: Mapping[str, bytes], lifetime: Lifetime) -> list[str]:
        """Write a run beside the shelf. Returns what had to go because the disk was full."""
        dropped: list[str] = []
        while True:
            try:
                fsync.write_tree(making, objects)
            except OSError as error:
                shutil.rmtree(making, ignore_errors=True)
                is_pass = lifetime is Lifetime.PASSES
                victims = [run for run in self._in_line_to_go() if not is_pass or run.lifetime is lifetime]
                if error.errno not in _FULL or not victims:
                    raise
                dropped += self._drop(victims[0])
            else:
                return dropped

    def _make_room(self, size: int) -> list[str]:
        line = self._in_line_to_go()
        used, dropped = sum(run.size_bytes for run in line), list[str]()
        for run in line:
            if used + size <= self._limit_bytes:
                break
            used -= run.size_bytes
            dropped += self._drop(run)
        return dropped

    def _in_line_to_go(self) -> list[_SpooledRun]:
        """Who makes room first: what no store will ever take, then the oldest passes, then the oldest of the rest."""
        runs = sorted(self._runs(), key=lambda run: (run.lifetime is not Lifetime.PASSES, run.age))
        return [*sorted(self._runs(_PARKED), key=lambda run: run.age), *runs]

    def _drop(self, run: _SpooledRun) -> list[str]:
        """Drop a run. It leaves the shelf first and its empty folder goes last: if we die, the next start counts it."""
        dropping = self._root / f"{_DROPPING}{run.path.name.removeprefix(_PARKED)}"
        try:
            run.path.rename(dropping)
        except FileNotFoundError:
            return []  # Delivered at this moment.
        self._forget(dropping, run.prefix)
        return [run.prefix]

    def _forget(self, dropping: Path, prefix: str) -> None:
        for path in dropping.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        self._drops.note(prefix)
        shutil.rmtree(dropping, ignore_errors=True)

    def _put_aside(self, run: _SpooledRun, why: str) -> None:
        aside = self._root / f"{_PARKED}{run.path.name}"
        shutil.rmtree(aside, ignore_errors=True)
        run.path.rename(aside)
        (aside / "why.txt").write_text(f"{why}\n")

    def _clear_away(self) -> None:
        """Remove what dead processes left half written, and finish what they were dropping."""
        from psutil import pid_exists  # noqa: PLC0415  # `firstbell status` reads a limit of this module, and no more

        for path in self._root.glob(f"{_MAKING}*"):
            pid = path.name.removeprefix(_MAKING).partition("-")[0]
            if not (pid.isdecimal() and pid_exists(int(pid))):
                shutil.rmtree(path, ignore_errors=True)
        for run in self._runs(_DROPPING):
            with suppress(FileNotFoundError):
                self._forget(run.path, run.prefix)

    def _runs(self, marked: str = "") -> list[_SpooledRun]:
        """What is on, or what is marked as aside or dropping; whatever else lies in the folder is none of ours."""
        found = []
        for path in self._root.iterdir():
            if path.name.startswith(marked) and (marked or not path.name.startswith(".")):
                lifetime, _, rest = path.name.removeprefix(marked).partition("~")
                size, separator, prefix = rest.partition("~")
                with suppress(ValueError):
                    of, size_bytes = Lifetime(lifetime), int(size)
                    if separator:
                        found.append(_SpooledRun(path=path, lifetime=of, size_bytes=size_bytes, prefix=unquote(prefix)))
        return found

    @contextmanager
    def _alone(self, name: str, *, patiently: bool = False) -> Iterator[bool]:
        """Whether nobody else does this just now; `patiently`, wait until nobody does."""
        with (self._root / name).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if patiently else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
