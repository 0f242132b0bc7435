"""A finished run: its record, its document, and where its evidence is."""

from __future__ import annotations

from dataclasses import dataclass

from runner.execution.document import RunDocument
from runner.execution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """A run with what is told about it. `where` is its evidence, `pointers` what to open first when it broke,
    `trouble` what could not be kept."""

    run: Run
    document: RunDocument
    where: str
    pointers: tuple[tuple[str, str], ...] = ()
    trouble: tuple[str, ...] = ()
