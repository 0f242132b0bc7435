"""Retention of a store's folder: a pure decision from names, and the sweep that removes expired objects.

In a bucket, lifecycle rules do this by tag and age (`stores/s3_policies.py`): First Bell needs no right to delete.
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
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores.folder import UNFINISHED

# A run.json and a note about a hold are far smaller.
LARGEST_NOTE_BYTES = 64 << 20
# The defaults of evidence.pass_days and evidence.fail_days.
PASS_DAYS, FAIL_DAYS = 7.0, 90.0
# A day longer than the longest link that a store can sign.
SHARED_DAYS = 8.0
_RUN = re.compile(r"runs/(\d{4}-\d{2}-\d{2})/[a-z0-9-]+/[a-z0-9-]+")
_PART = re.compile(r"parts/([a-z]+)/(\d{4})-(\d{2})/[0-9a-f]{2}/[0-9a-f]{64}")
_CHECK = re.compile(r"checks/(\d{4}-\d{2}-\d{2})-[0-9a-f]+\.txt")
_SHARED = re.compile(r"shared/(\d{4}-\d{2}-\d{2})-[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """The days for which each lifetime is kept; a lifetime that is not named here is kept for ever."""

    days: Mapping[Lifetime, float]

    def expires_at(self, lifetime: Lifetime, since: datetime) -> datetime | None:
        """Return when an object kept since a moment may be removed; None for never."""
        days = self.days.get(lifetime)
        return None if days is None else since + timedelta(days=days)


def expiry_of(name: str, lifetime: Lifetime, retention: Retention) -> datetime | None:
    """Return when the object of a name may be removed; None for never, and for a file that is not First Bell's.

    A run counts from the day on which it began, a shared bag from the day on which it was shared, and a part from the
    end of its month, because a run of the last day may refer to it. A day counts to its end (UTC).
    """
    if match := _CHECK.fullmatch(name):
        return _end_of_day(match[1])
    if match := _RUN.fullmatch(name) or _SHARED.fullmatch(name):
        period_end = _end_of_day(match[1])
        kept_as = Lifetime.SHARED if name.startswith("shared/") else lifetime
        return None if period_end is None else retention.expires_at(kept_as, period_end)
    if (match := _PART.fullmatch(name)) and match[1] in {lifetime.value for lifetime in Lifetime}:
        year, month = int(match[2]), int(match[3])
        if not 1 <= month <= 12:
            return None
        period_end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return retention.expires_at(Lifetime(match[1]), period_end)
    return None


def lifetime_of(run_json: bytes) -> Lifetime:
    """Return a run's lifetime according to its run.json. An unreadable run is kept as long as a failure."""
    try:
        document = json.loads(run_json)
        is_pass = document["outcome"] == "passed" and not document["flaky"]
    except (ValueError, KeyError, TypeError):
        return Lifetime.FAILURES
    return Lifetime.PASSES if is_pass else Lifetime.FAILURES


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """The objects that a sweep removed, by kind, with their bytes; and those that it could not remove (`stuck`)."""

    runs: int = 0
    parts: int = 0
    shared: int = 0
    checks: int = 0
    size_bytes: int = 0
    stuck: tuple[str, ...] = ()


def sweep(root: Path, retention: Retention, now: datetime) -> SweepResult:
    """Remove expired objects that are not held from a store's folder. Follows no link, and never leaves the folder.

    Raises UnreadableHold, and removes nothing, if the holds cannot be read. An object that cannot be removed is
    reported, and the others are removed all the same.
    """
    root = root.resolve()
    hold = _names_on_hold(root)
    counts = {"runs": 0, "parts": 0, "shared": 0, "checks": 0}
    freed_bytes, stuck = 0, list[str]()
    for path, name in _candidates(root):
        lifetime = lifetime_of(_read(path / "run.json")) if name.startswith("runs/") else Lifetime.PASSES
        expires_at = expiry_of(name, lifetime, retention)
        if expires_at is None or now < expires_at or name in hold:
            continue
        try:
            size = _size(path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            stuck.append(f"{name}: {error.strerror or type(error).__name__}")
            continue
        freed_bytes += size
        counts[name.partition("/")[0]] += 1
    _remove_empty_folders(root, now)
    return SweepResult(**counts, size_bytes=freed_bytes, stuck=tuple(stuck))


def _names_on_hold(root: Path) -> set[str]:
    """Return the names that are on hold, and the folders above them. Raises UnreadableHold."""
    if (root / HOLDS).is_symlink():
        raise UnreadableHold(f"{HOLDS} is a link, and links are not followed; put the folder itself there")
    try:
        notes = {path.relative_to(root).as_posix(): _read(path) for path in _files(root / HOLDS, is_strict=True)}
    except OSError as error:
        raise UnreadableHold(
            f"{HOLDS} cannot be read ({error.strerror}); repair it: until then nothing is removed"
        ) from None
    names = {name.rstrip("/") for hold in current_holds(notes) for name in hold.names}
    return {above.as_posix() for name in names for above in (PurePosixPath(name), *PurePosixPath(name).parents)}


def _candidates(root: Path) -> Iterator[tuple[Path, str]]:
    for pattern in ("runs/*/*/*", "parts/*/*/*/*", "shared/*", "checks/*"):
        for path in sorted(root.glob(pattern)):
            inside = path.relative_to(root)
            if not any((root / parent).is_symlink() for parent in (inside, *inside.parents)):
                yield path, inside.as_posix()


def _files(top: Path, *, is_strict: bool = False) -> Iterator[Path]:
    """Yield all files below a folder, without following links; none if the folder itself is a link. `is_strict` raises
    OSError for an unreadable folder, and leaves out unfinished files."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    if not top.is_symlink():
        for folder, _, names in os.walk(top, onerror=refuse if is_strict else None):
            yield from (Path(folder) / name for name in names if not (is_strict and name.startswith(UNFINISHED)))


def _size(path: Path) -> int:
    return sum(file.lstat().st_size for file in _files(path)) if path.is_dir() else path.lstat().st_size


def _remove_empty_folders(root: Path, now: datetime) -> None:
    """Remove files that a dead process left half written, and empty folders."""
    for top in ("runs", "parts", "shared", "checks", HOLDS):
        for path in _files(root / top):
            with suppress(OSError):
                is_old = datetime.fromtimestamp(path.lstat().st_mtime, UTC) < now - timedelta(days=1)
                if path.name.startswith(UNFINISHED) and is_old:
                    path.unlink()
        if not (root / top).is_symlink():
            for folder, _, _ in os.walk(root / top, topdown=False):
                with suppress(OSError):  # It is not empty, or another process has just written into it.
                    Path(folder).rmdir()


def _end_of_day(day: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1)
    except ValueError:
        return None


def _read(path: Path) -> bytes:
    """Return the content of a small file, never through a link; nothing if there is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(number, "rb") as file:
        return file.read(LARGEST_NOTE_BYTES) if stat.S_ISREG(os.fstat(number).st_mode) else b""
