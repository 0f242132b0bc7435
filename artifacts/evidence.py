"""What a run leaves behind: files with their hashes, or the reason why one is missing."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

NAME_LIMIT = 48


class ArtifactKind(Enum):
    """What an artifact is; the values stand in run.json."""

    TRACE = "trace"
    SCREENSHOT = "screenshot"
    CONSOLE = "console"
    NETWORK = "network"
    HAR = "har"
    FIGURES = "figures"
    FRAME = "frame"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file of a run. `name` is its path inside the run's folder; `step` the position of the step that it shows.

    Where `missing` is not empty the file is not there, and that is why: a missing artifact is a fact of the run.
    """

    kind: ArtifactKind
    name: str
    actor: str = ""
    step: int | None = None
    sha256: str = ""
    size_bytes: int = 0
    missing: str = ""


def sealed(artifact: Artifact, file: Path) -> Artifact:
    """The artifact with the size and hash of its file; missing, if it cannot be read."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return absent(artifact, f"it could not be read ({error.strerror})")
    return Artifact(
        kind=artifact.kind,
        name=artifact.name,
        actor=artifact.actor,
        step=artifact.step,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
    )


def absent(artifact: Artifact, reason: str) -> Artifact:
    """The same artifact, not there, and why."""
    return Artifact(
        kind=artifact.kind, name=artifact.name, actor=artifact.actor, step=artifact.step, missing=reason or "unknown"
    )


def slug(text: str) -> str:
    """A safe, short, readable part of a file name out of any text, such as a step's title."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_LIMIT].rstrip("-") or "unnamed"


def run_prefix(started_at: datetime, journey: str, run_id: str) -> str:
    """Where a run's files lie in a store: `runs/2026-08-31/live-class/20260831-114610-k3f9tq`. The date is UTC."""
    return f"runs/{started_at:%Y-%m-%d}/{slug(journey)}/{slug(run_id)}"
