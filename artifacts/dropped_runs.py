"""The list of runs that were dropped from a full spool: counted and named, and kept across restarts."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

# A run's evidence is asked for within days; after that only the number of drops matters.
LINES = 20_000


class DroppedRuns:
    """A file with a line for each drop. Its first line may count the earlier drops that it no longer names."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, run: str) -> None:
        """Record a drop durably."""
        row = {"run": run, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        with self._file.open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._shorten()

    def when(self, run: str) -> str:
        """Return the time (UTC) at which a run was dropped; empty if it was not."""
        return self._read()[1].get(run, "")

    @property
    def count(self) -> int:
        """The number of runs that were ever dropped."""
        before, named = self._read()
        return before + len(named)

    def _read(self) -> tuple[int, dict[str, str]]:
        """Return the count of earlier drops, and the time of each named one. A line cut short by a crash is ignored; a
        run that is listed twice was dropped once."""
        before, named = 0, dict[str, str]()
        with suppress(FileNotFoundError):
            for line in self._file.read_text().splitlines():
                with suppress(ValueError, KeyError, TypeError):
                    row = json.loads(line)
                    if "before" in row:
                        before = int(row["before"])
                    else:
                        named[row["run"]] = row["at"]
        return before, named

    def _shorten(self) -> None:
        if self._file.stat().st_size < LINES * 200:
            return
        before, named = self._read()
        kept = list(named.items())[-LINES // 2 :]
        rows = [{"before": before + len(named) - len(kept)}, *({"run": run, "at": at} for run, at in kept)]
        shorter = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        shorter.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        shorter.replace(self._file)
