"""Where rehearsals are kept on this machine: one JSON file each, beside the history."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from artifacts.durable import settle, write
from runner.rehearsal.document import RecordRow, RehearsalDocument


class Shelf:
    """A folder of rehearsals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, document: RehearsalDocument) -> Path:
        """Write one down, whole or not at all. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._folder / f"{document.record.id}.json"
        aside = file.with_suffix(".new")
        write(aside, document.model_dump_json(indent=1).encode())
        aside.rename(file)
        settle(self._folder)
        return file

    def latest(self, journey: str) -> RecordRow | None:
        """The latest rehearsal of a journey; what cannot be read any more is passed over."""
        for file in sorted(self._folder.glob("*.json"), reverse=True):
            try:
                record = RehearsalDocument.model_validate_json(file.read_bytes()).record
            except (OSError, ValidationError):
                continue
            if record.journey == journey:
                return record
        return None
