"""Output files of a rehearsal, written after its result is printed: one that fails does not affect the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from firstbell.runner.rehearsal.criteria import Criteria
from firstbell.runner.rehearsal.document import RehearsalDocument
from firstbell.runner.rehearsal.results.junit import junit
from firstbell.runner.rehearsal.results.report import report_page
from firstbell.runner.rehearsal.results.store import RehearsalStore


def write_outputs(
    document: RehearsalDocument,
    criteria: Criteria,
    zone: ZoneInfo,
    store: RehearsalStore,
    *,
    report: Path | None,
    junit_file: Path | None,
) -> tuple[list[Path], list[str]]:
    """Writes the requested files and keeps the document; returns the files, and a sentence for each one that failed."""
    written: list[Path] = []
    lost: list[str] = []

    def attempt(name: str, write: Callable[[], Path]) -> None:
        try:
            written.append(write())
        except OSError as error:
            why = error.strerror or type(error).__name__
            lost.append(f"the result is final, but {name} could not be written: {why}")

    def page(file: Path) -> Path:
        file.write_text(report_page(document, criteria, zone, store.pictures(document.record)), encoding="utf-8")
        return file

    def cases(file: Path) -> Path:
        file.write_bytes(junit(document))
        return file

    if report is not None:
        attempt(str(report), lambda: page(report))
    if junit_file is not None:
        attempt(str(junit_file), lambda: cases(junit_file))
    attempt("the record for later comparison", lambda: store.keep(document))
    return written, lost
