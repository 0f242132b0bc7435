"""Tests that the quarantine, which holds raw passwords, is bounded in days and in size."""

from __future__ import annotations

import os
import time
from pathlib import Path

from firstbell.artifacts.redaction.quarantine import bound_quarantine, put_aside

DAY_S = 86400.0


def test_quarantine_keeps_the_newest_within_days_and_size(tmp_path: Path) -> None:
    root, file = tmp_path / "quarantine", tmp_path / "raw"
    for age_days in (9, 5, 3, 1):
        file.write_bytes(bytes(600_000))
        put_aside(file, root / f"run{age_days}" / "attempt-1" / "trace.zip")
        os.utime(root / f"run{age_days}", (time.time() - age_days * DAY_S,) * 2)
    assert not file.exists()
    assert bound_quarantine(root, days=7, mib=1.2) == 2
    assert sorted(run.name for run in root.iterdir()) == ["run1", "run3"]
    assert bound_quarantine(tmp_path / "nowhere") == 0


def test_quarantine_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"x")
    kept = put_aside(tmp_path / "raw", tmp_path / "quarantine" / "run" / "trace.zip")
    modes = [path.stat().st_mode & 0o777 for path in (kept, kept.parent, kept.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]
