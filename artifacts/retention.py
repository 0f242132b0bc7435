"""What of a store's folder is past its time: a pure decision from names, and the sweeper that acts on it.

In a bucket, lifecycle rules do this by tag and age (`stores/policies.py`); First Bell needs no right to delete there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from firstbell.artifacts.holds import HOLDS, UnreadableHold, current_holds
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores.folder import UNFINISHED

# A run's document and a note about a hold are far smaller.
LARGEST_NOTE_BYTES = 64 << 20
# By default.
PASS_DAYS, FAIL_DAYS = 7.0, 90.0
# A day longer than the longest link that a store can sign.
SHARED_DAYS = 8.0
_RUN = re.compile(r"runs/(\d{4}-\d{2}-\d{2})/[a-z0-9-]+/[a-z0-9-]+")
_PART = re.compile(r"parts/([a-z]+)/(\d{4})-(\d{2})/[0-9a-f]{2}/[0-9a-f]{64}")
_CHECK = re.compile(r"checks/(\d{4}-\d{2}-\d{2})-[0-9a-f]+\.txt")
_SHARED = re.compile(r"shared/(\d{4}-\d{2}-\d{2})-[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how many days what is kept; what is not named here is kept for ever."""

    days: Mapping[Lifetime, float]

    def ends(self, lifetime: Lifetime, since: datetime) -> datetime | None:
        """When something that was kept since a moment may go; None for never."""
        days = self.days.get(lifetime)
        return None if days is None else since + timedelta(days=days)


def ends_of(name: str, lifetime: Lifetime, retention: Retention) -> datetime | None:
    """When what lies under a name may go; None for never, and for what is none of ours.

    A run by the day on which it began; a part by the end of its month, because a run of its last day may refer to it;
    what was shared by the day on which it was. The day counts to its end, wherever on earth it was.
    """
    if found := _CHECK.fullmatch(name):
        return _end_of_day(found[1])
    if found := _RUN.fullmatch(name) or _SHARED.fullmatch(name):
        over = _end_of_day(found[1])
        of = Lifetime.SHARED if name.startswith("shared/") else lifetime
        return None if over is None else retention.ends(of, over)
    if (found := _PART.fullmatch(name)) and found[1] in {one.value for one in Lifetime}:
        year, month = int(found[2]), int(found[3])
        if not 1 <= month <= 12:
            return None
        over = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return retention.ends(Lifetime(found[1]), over)
    return None


def lifetime_of(run_json: bytes) -> Lifetime:
    """A run's lifetime, as its document says. What cannot be read is kept as long as a failure."""
    try:
        told = json.loads(run_json)
        is_pass = told["outcome"] == "passed" and not told["flaky"]
    except (ValueError, KeyError, TypeError):
        return Lifetime.FAILURES
    return Lifetime.PASSES if is_pass else Lifetime.FAILURES


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What a sweep removed: runs, parts, bags that were shared, and their bytes; and what it could not remove."""

    runs: int = 0
    parts: int = 0
    shared: int = 0
    checks: int = 0
    size_bytes: int = 0
    stuck: tuple[str, ...] = ()


def sweep(root: Path, retention: Retention, now: datetime) -> SweepResult:
    """Remove from a store's folder what is past its time and not held. Follows no link, and never leaves the folder.

    Raises UnreadableHold when it cannot be told what is held: then nothing is removed. What resists is told, and the
    rest goes all the same.
    """
    root = root.resolve()
    held = _held_names(root)
    counts = {"runs": 0, "parts": 0, "shared": 0, "checks": 0}
    freed, stuck = 0, list[str]()
    for path, name in _candidates(root):
        lifetime = lifetime_of(_read(path / "run.json")) if name.startswith("runs/") else Lifetime.PASSES
        ends = ends_of(name, lifetime, retention)
        if ends is None or now < ends or name in held:
            continue
        try:
            size = _size(path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            stuck.append(f"{name}: {error.strerror or type(error).__name__}")
            continue
        freed += size
        counts[name.partition("/")[0]] += 1
    _remove_empty_folders(root, now)
    return SweepResult(**counts, size_bytes=freed, stuck=tuple(stuck))


def _held_names(root: Path) -> set[str]:
    """The names that somebody asked to keep, and the folders that they lie in. Raises UnreadableHold."""
    if (root / HOLDS).is_symlink():
        raise UnreadableHold(f"{HOLDS} is a link, and links are not followed; put the folder itself there")
    try:
        notes = {path.relative_to(root).as_posix(): _read(path) for path in _files(root / HOLDS, is_strict=True)}
    except OSError as error:
        raise UnreadableHold(f"{HOLDS} cannot be read ({error.strerror}); mend it, or nothing is removed") from None
    names = {name.rstrip("/") for held in current_holds(notes) for name in held.names}
    return {above.as_posix() for name in names for above in (PurePosixPath(name), *PurePosixPath(name).parents)}


def _candidates(root: Path) -> Iterator[tuple[Path, str]]:
    for pattern in ("runs/*/*/*", "parts/*/*/*/*", "shared/*", "checks/*"):
        for path in sorted(root.glob(pattern)):
            inside = path.relative_to(root)
            if not any((root / one).is_symlink() for one in (inside, *inside.parents)):
                yield path, inside.as_posix()


def _files(top: Path, *, is_strict: bool = False) -> Iterator[Path]:
    """All files below a folder, no link followed, and none where the folder is itself one. `is_strict` raises OSError
    for what cannot be read, and leaves out what is unfinished."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    if not top.is_symlink():
        for folder, _, names in os.walk(top, onerror=refuse if is_strict else None):
            yield from (Path(folder) / name for name in names if not (is_strict and name.startswith(UNFINISHED)))


def _size(path: Path) -> int:
    return sum(file.lstat().st_size for file in _files(path)) if path.is_dir() else path.lstat().st_size


def _remove_empty_folders(root: Path, now: datetime) -> None:
    """Remove what somebody who died left half written, and folders in which nothing is left."""
    for top in ("runs", "parts", "shared", "checks", HOLDS):
        for path in _files(root / top):
            with suppress(OSError):
                is_old = datetime.fromtimestamp(path.lstat().st_mtime, UTC) < now - timedelta(days=1)
                if path.name.startswith(UNFINISHED) and is_old:
                    path.unlink()
        if not (root / top).is_symlink():
            for folder, _, _ in os.walk(root / top, topdown=False):
                with suppress(OSError):  # It is not empty, or somebody has just written into it.
                    Path(folder).rmdir()


def _end_of_day(day: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1)
    except ValueError:
        return None


def _read(path: Path) -> bytes:
    """A small file, never through a link; nothing where there is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(number, "rb") as file:
        return file.read(LARGEST_NOTE_BYTES) if stat.S_ISREG(os.fstat(number).st_mode) else b""
