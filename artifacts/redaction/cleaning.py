"""From raw recordings in a private folder to clean files that may be kept, each by what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from artifacts.evidence import Artifact, ArtifactKind, absent, sealed
from artifacts.redaction.forms import KnownSecrets
from artifacts.redaction.kinds import clean_value
from artifacts.redaction.trace import Quarantined, clean_trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What may be kept: artifacts as they are now, and the bytes of those that are there, by name."""

    artifacts: tuple[Artifact, ...]
    files: dict[str, bytes] = field(default_factory=dict, repr=False)


def clean(artifacts: Iterable[Artifact], folder: Path, known: KnownSecrets, *, quarantine: Path) -> Cleaned:
    """Clean each artifact in place. What cannot be made clean is moved to `quarantine`, and missing from then on."""
    kept: list[Artifact] = []
    files: dict[str, bytes] = {}
    for artifact in artifacts:
        now = artifact if artifact.missing else _clean_one(artifact, folder / artifact.name, known, quarantine)
        kept.append(now)
        if not now.missing:
            files[now.name] = (folder / now.name).read_bytes()
    return Cleaned(artifacts=tuple(kept), files=files)


def _clean_one(artifact: Artifact, file: Path, known: KnownSecrets, quarantine: Path) -> Artifact:
    try:
        match artifact.kind:
            case ArtifactKind.TRACE:
                cleaned = file.with_suffix(".clean")
                clean_trace(file, cleaned, known)
                cleaned.replace(file)
            case ArtifactKind.SCREENSHOT | ArtifactKind.FRAME:
                pass  # A picture was masked when it was taken.
            case _:
                file.write_text(json.dumps(clean_value(json.loads(file.read_text()), known), indent=1))
        if known.stand_in(file.read_bytes()):
            raise Quarantined("a secret was left in it after cleaning")
    except (Quarantined, ValueError, OSError) as error:
        said = str(error) if isinstance(error, Quarantined) else f"it could not be read ({type(error).__name__})"
        return absent(artifact, f"quarantined: {said}; it is in {_put_away(file, quarantine / artifact.name)}")
    return sealed(artifact, file)


def _put_away(file: Path, place: Path) -> Path:
    """Move a file to where only its owner can read it."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists():
        shutil.move(file, place)
        place.chmod(0o600)
    return place
