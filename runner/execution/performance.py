"""One run from order to record: played by a worker, its evidence cleaned and kept, its row written.

In this order, and each line says what is true if we die after it:
1. the worker plays: nothing is kept yet, the run never was;
2. recordings are cleaned of secrets: raw ones exist only in a private folder, which is removed;
3. evidence lies on the spool: it reaches the store sooner or later;
4. the row is written: the run is in history;
5. the spool is delivered: the store has it. A store that is away changes nothing about the verdict.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artifacts.evidence import Evidence
    from runner.execution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """A run with what is told about it: where its evidence lies, whose service broke, what could not be kept."""

    run: Run
    evidence: Evidence
    where: str
    owner: str = ""
    pointers: tuple[tuple[str, str], ...] = ()
    trouble: tuple[str, ...] = ()
