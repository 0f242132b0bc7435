"""A finished run: its record, its document, and where its evidence is."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.runner.execution.run import Run
from firstbell.runner.execution.runs.run_json import RunDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run with what is told about it. `where` is its evidence, `pointers` what to open first when it broke,
    `trouble` what could not be kept."""

    run: Run
    document: RunDocument
    where: str
    pointers: tuple[tuple[str, str], ...] = ()
    trouble: tuple[str, ...] = ()
