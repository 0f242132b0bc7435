"""From raw recordings in a private folder to clean files that may be kept, each by what it is.

Fails closed, whatever goes wrong: a file that cannot be made clean, or whose cleaning breaks in a way that nobody
thought of, is put into quarantine on this machine and is missing from the run from then on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firstbell.artifacts.evidence import Artifact, ArtifactKind, absent, sealed
from firstbell.artifacts.redaction.by_key import clean_value
from firstbell.artifacts.redaction.har import allowed_har
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.artifacts.redaction.rescan import Quarantined, rescan
from firstbell.artifacts.redaction.trace import clean_trace


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionResult:
    """What may be kept: artifacts as they are now, the bytes of those that are there, by name, and a tally of what was
    removed from them, by why."""

    artifacts: tuple[Artifact, ...]
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    removed: Mapping[str, int] = field(default_factory=dict)


def clean(artifacts: Iterable[Artifact], folder: Path, known: KnownSecrets, *, quarantine: Path) -> RedactionResult:
    """Clean each artifact in place. What cannot be made clean is moved to `quarantine`, and missing from then on."""
    kept: list[Artifact] = []
    files: dict[str, bytes] = {}
    broom = Redactor(known)
    for artifact in artifacts:
        now = artifact if artifact.missing else _clean_one(artifact, folder / artifact.name, broom, quarantine)
        kept.append(now)
        if not now.missing:
            files[now.name] = (folder / now.name).read_bytes()
    return RedactionResult(artifacts=tuple(kept), files=files, removed=dict(sorted(broom.removed.items())))


def _clean_one(artifact: Artifact, file: Path, broom: Redactor, quarantine: Path) -> Artifact:
    try:
        _clean_file(artifact.kind, file, broom)
        rescan(artifact.name, file.read_bytes(), broom.known)
    except Exception as error:
        said = str(error) if isinstance(error, Quarantined) else f"it could not be read ({type(error).__name__})"
        file.with_suffix(".clean").unlink(missing_ok=True)
        return absent(artifact, f"quarantined: {said}; it is in {_quarantine(file, quarantine / artifact.name)}")
    return sealed(artifact, file)


def _clean_file(kind: ArtifactKind, file: Path, broom: Redactor) -> None:
    match kind:
        case ArtifactKind.TRACE:
            cleaned = file.with_suffix(".clean")
            clean_trace(file, cleaned, broom)
            cleaned.replace(file)
        case ArtifactKind.SCREENSHOT | ArtifactKind.FRAME:
            pass  # A picture was masked when it was taken; a frame carries our own signature.
        case ArtifactKind.HAR:
            told = clean_value(allowed_har(json.loads(file.read_text()), broom), broom)
            file.write_text(json.dumps(told, indent=1))
        case _:
            file.write_text(json.dumps(clean_value(json.loads(file.read_text()), broom), indent=1))


def _quarantine(file: Path, place: Path) -> Path:
    """Move a file to where only its owner can read it."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists():
        shutil.move(file, place)
        place.chmod(0o600)
    return place
