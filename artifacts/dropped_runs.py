"""What was dropped from the spool for want of room: counted and named, and still known after a restart."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

# A run's evidence is asked for within days; after that only the number of drops tells anybody anything.
LINES = 20_000


class DroppedRuns:
    """A file with a line for each drop. The first line may say how many more there were before those that it names."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, run: str) -> None:
        """Write a drop down, durably."""
        row = {"run": run, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        with self._file.open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._shorten()

    def when(self, run: str) -> str:
        """When a run was dropped (UTC); empty if it was not."""
        return self._read()[1].get(run, "")

    @property
    def count(self) -> int:
        """How many runs were ever dropped."""
        before, named = self._read()
        return before + len(named)

    def _read(self) -> tuple[int, dict[str, str]]:
        """A line that was cut in two by a crash counts for nothing; a run that stands there twice was dropped once."""
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
