"""The quarantine: files that could not be cleaned, raw, in a folder of this machine that only its owner can read.

They hold passwords, so it is bounded in days and in size.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from firstbell.private_files import private_folder

DAYS = 7.0
MIB = 200.0


def put_aside(file: Path, target: Path) -> Path:
    """Moves a file into the quarantine and returns its place there."""
    private_folder(target.parent)
    if file.exists():
        shutil.move(file, target)
        target.chmod(0o600)
    return target


def bound_quarantine(root: Path, *, days: float = DAYS, mib: float = MIB) -> int:
    """Removes the runs that are older than `days`, then the oldest until `mib` are left; returns how many."""
    runs: list[tuple[float, int, Path]] = []
    for run in root.glob("*"):
        with suppress(OSError):
            size = sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
            runs.append((run.stat().st_mtime, size, run))
    oldest_s, left = time.time() - days * 86400.0, sum(size for _, size, _ in runs)
    removed = 0
    for changed_s, size, run in sorted(runs):
        if changed_s < oldest_s or left > mib * (1 << 20):
            shutil.rmtree(run, ignore_errors=True)
            left -= size
            removed += 1
    return removed
