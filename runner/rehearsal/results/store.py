"""Stores rehearsals on this machine: one JSON file each, and a folder with evidence of failures."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from pydantic import ValidationError

from firstbell.artifacts.fsync import fsync_folder, write
from firstbell.runner.rehearsal.document import RecordRow, RehearsalDocument

# Folders with pictures and logs that are kept; the JSON files are all kept.
FOLDERS_KEPT = 5
# Each has about 50 kB.
PICTURES = 6
# Files that could not be redacted. Inside the rehearsal's own folder, so that they are deleted with it.
QUARANTINE = "quarantine"


class RehearsalStore:
    """A folder of rehearsals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, document: RehearsalDocument) -> Path:
        """Writes a document atomically. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._folder / f"{document.record.id}.json"
        temporary = file.with_suffix(".new")
        write(temporary, document.model_dump_json(indent=1).encode())
        temporary.rename(file)
        fsync_folder(self._folder)
        for folder in sorted(path for path in self._folder.iterdir() if path.is_dir())[:-FOLDERS_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
        return file

    def evidence_folder(self, record: RecordRow) -> list[Path]:
        """The folder with evidence of failures, if there is one."""
        folder = self._folder / record.id
        return [folder] if folder.is_dir() else []

    def pictures(self, record: RecordRow, at_most: int = PICTURES) -> dict[str, bytes]:
        """The last pictures of the first failed people, by name, as many as a page can hold."""
        found: dict[str, bytes] = {}
        for name in [name for person in record.people for name in person.kept[:1] if name.endswith(".jpg")][:at_most]:
            with contextlib.suppress(FileNotFoundError):
                found[name] = (self._folder / record.id / name).read_bytes()
        return found

    def latest(self, journey: str) -> RecordRow | None:
        """The latest rehearsal of a journey; unreadable files are ignored."""
        for file in sorted(self._folder.glob("*.json"), reverse=True):
            try:
                record = RehearsalDocument.model_validate_json(file.read_bytes()).record
            except (OSError, ValidationError):
                continue
            if record.journey == journey:
                return record
        return None


def delete_round(folder: Path, round_: int) -> None:
    """Deletes all evidence of one round from a rehearsal's folder, reported or not: a killed process may have written a
    picture without reporting it. Raises OSError."""
    round_folder = f"attempt-{round_}"
    for path in (folder / round_folder, folder / QUARANTINE / round_folder):
        if path.exists():
            shutil.rmtree(path)
