"""A finished run: its record, its document, its evidence, and what to open first."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.runner.execution.run import Run
from firstbell.runner.execution.runs.run_json import RunDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run. `where` is the location of its evidence, `open_first` what to open first when it failed,
    `problems` the evidence that could not be kept."""

    run: Run
    document: RunDocument
    where: str
    pointers: tuple[tuple[str, str], ...] = ()
    trouble: tuple[str, ...] = ()
