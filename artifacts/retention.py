"""What of a store's folder is past its time: a pure decision from names, and the sweeper that acts on it.

In a bucket, lifecycle rules do this by tag and age (`stores/policies.py`); First Bell needs no right to delete there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from artifacts.lifetime import Lifetime

HOLDS = "holds"
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
class Swept:
    """What a sweep removed: runs, parts, bags that were shared, and their bytes."""

    runs: int = 0
    parts: int = 0
    shared: int = 0
    checks: int = 0
    size_bytes: int = 0


def sweep(root: Path, retention: Retention, now: datetime) -> Swept:
    """Remove from a store's folder what is past its time and not held. Follows no link, and never leaves the folder."""
    held = set(held_names(root))
    counts = {"runs": 0, "parts": 0, "shared": 0, "checks": 0}
    freed = 0
    for path, name in _candidates(root):
        lifetime = lifetime_of(_read(path / "run.json")) if name.startswith("runs/") else Lifetime.PASSES
        ends = ends_of(name, lifetime, retention)
        is_held = name in held or any(one.startswith(f"{name}/") for one in held)
        if ends is None or now < ends or is_held or path.is_symlink():
            continue
        freed += sum(file.lstat().st_size for file in (path, *path.rglob("*")) if file.is_file())
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        counts[name.partition("/")[0]] += 1
    _remove_empty(root)
    return Swept(**counts, size_bytes=freed)


def held_names(root: Path) -> Iterable[str]:
    """The names that somebody asked to keep."""
    for note in sorted((root / HOLDS).glob("*.json")):
        try:
            yield from json.loads(note.read_text())["names"]
        except (ValueError, KeyError, OSError):
            continue


def _candidates(root: Path) -> Iterable[tuple[Path, str]]:
    for pattern in ("runs/*/*/*", "parts/*/*/*/*", "shared/*", "checks/*"):
        for path in sorted(root.glob(pattern)):
            is_linked = any(parent.is_symlink() for parent in path.parents if parent.is_relative_to(root))
            if not is_linked:
                yield path, path.relative_to(root).as_posix()


def _remove_empty(root: Path) -> None:
    for top in ("runs", "parts", "shared"):
        for folder in sorted((root / top).glob("**/"), key=lambda path: len(path.parts), reverse=True):
            if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
                folder.rmdir()


def _end_of_day(day: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1)
    except ValueError:
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
