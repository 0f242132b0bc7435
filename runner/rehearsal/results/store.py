"""Where rehearsals are kept on this machine: one JSON file each, and a folder with what remains of those who failed."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from pydantic import ValidationError

from firstbell.artifacts.fsync import fsync_folder, write
from firstbell.runner.rehearsal.document import RecordRow, RehearsalDocument

# Pictures and logs are for finding out what happened; the figures stay.
FOLDERS_KEPT = 5
# Of some 50 kB each.
PICTURES = 6
# What could not be made clean. Inside the rehearsal's own folder, so that it goes when that goes.
QUARANTINE = "quarantine"


class RehearsalStore:
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
        fsync_folder(self._folder)
        for folder in sorted(path for path in self._folder.iterdir() if path.is_dir())[:-FOLDERS_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
        return file

    def evidence_folder(self, record: RecordRow) -> list[Path]:
        """The folder with what remains of those who failed, where there is one."""
        folder = self._folder / record.id
        return [folder] if folder.is_dir() else []

    def pictures(self, record: RecordRow, at_most: int = PICTURES) -> dict[str, bytes]:
        """What the first of those who failed saw last, by its name: as many as a page can well hold."""
        found: dict[str, bytes] = {}
        for name in [one for person in record.people for one in person.kept[:1] if one.endswith(".jpg")][:at_most]:
            with contextlib.suppress(FileNotFoundError):
                found[name] = (self._folder / record.id / name).read_bytes()
        return found

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


def delete_round(folder: Path, round_: int) -> None:
    """Remove all that is in a rehearsal's folder of one round, whether anybody has told of it or not: whoever was
    killed may have put away a picture and said nothing. Raises OSError."""
    place = f"attempt-{round_}"
    for remains in (folder / place, folder / QUARANTINE / place):
        if remains.exists():
            shutil.rmtree(remains)
