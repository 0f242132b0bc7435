"""The redaction pipeline: from raw recordings in a private folder to clean files that may be stored.

It fails closed: a file that cannot be cleaned, or whose cleaning raises any error, is put into quarantine on this
machine and is missing from the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firstbell.artifacts.evidence import Artifact, ArtifactKind, absent, sealed
from firstbell.artifacts.redaction.by_key import clean_value
from firstbell.artifacts.redaction.har import allowed_har
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.quarantine import put_aside
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.artifacts.redaction.rescan import Quarantined, rescan
from firstbell.artifacts.redaction.trace import clean_trace


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionResult:
    """The clean artifacts, the bytes of those that are there, by name, and the counts of removed secrets by kind."""

    artifacts: tuple[Artifact, ...]
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    removed: Mapping[str, int] = field(default_factory=dict)


def clean(artifacts: Iterable[Artifact], folder: Path, known: KnownSecrets, *, quarantine: Path) -> RedactionResult:
    """Clean each artifact in place. A file that cannot be cleaned is moved to `quarantine`, and is missing."""
    kept: list[Artifact] = []
    files: dict[str, bytes] = {}
    redactor = Redactor(known)
    for artifact in artifacts:
        cleaned = (
            artifact if artifact.missing else _clean_artifact(artifact, folder / artifact.name, redactor, quarantine)
        )
        kept.append(cleaned)
        if not cleaned.missing:
            files[cleaned.name] = (folder / cleaned.name).read_bytes()
    return RedactionResult(artifacts=tuple(kept), files=files, removed=dict(sorted(redactor.removed.items())))


def _clean_artifact(artifact: Artifact, file: Path, redactor: Redactor, quarantine: Path) -> Artifact:
    try:
        _clean_file(artifact.kind, file, redactor)
        rescan(artifact.name, file.read_bytes(), redactor.known)
    except Exception as error:
        reason = str(error) if isinstance(error, Quarantined) else f"it could not be read ({type(error).__name__})"
        file.with_suffix(".clean").unlink(missing_ok=True)
        return absent(artifact, f"quarantined: {reason}; it is in {put_aside(file, quarantine / artifact.name)}")
    return sealed(artifact, file)


def _clean_file(kind: ArtifactKind, file: Path, redactor: Redactor) -> None:
    match kind:
        case ArtifactKind.TRACE:
            cleaned = file.with_suffix(".clean")
            clean_trace(file, cleaned, redactor)
            cleaned.replace(file)
        case ArtifactKind.SCREENSHOT | ArtifactKind.FRAME:
            pass  # A screenshot was masked when it was taken; a frame shows our own signature.
        case ArtifactKind.HAR:
            har = clean_value(allowed_har(json.loads(file.read_text()), redactor), redactor)
            file.write_text(json.dumps(har, indent=1))
        case _:
            file.write_text(json.dumps(clean_value(json.loads(file.read_text()), redactor), indent=1))
