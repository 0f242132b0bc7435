"""The artifacts of a run: files with their hashes, or the reason why one is missing."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from firstbell.errors import FirstBellError

NAME_LIMIT = 48


class AlteredEvidence(FirstBellError):
    """Evidence was changed in the store, so it is not handed out; the message names the file."""


class ArtifactKind(Enum):
    """The kind of an artifact. The values stand in run.json."""

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
    """One file of a run. `name` is its path inside the run's folder; `step` the position of the step that it shows;
    `hosts` those of all frames of the page that it shows, with ports, empty if not known.

    If `missing` is not empty, it is the reason why there is no file: a missing artifact is a fact of the run.
    """

    kind: ArtifactKind
    name: str
    actor: str = ""
    step: int | None = None
    sha256: str = ""
    size_bytes: int = 0
    hosts: tuple[str, ...] = ()
    missing: str = ""


def sealed(artifact: Artifact, file: Path) -> Artifact:
    """Return the artifact with the size and hash of its file; missing, if the file cannot be read."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return absent(artifact, f"it could not be read ({error.strerror})")
    return replace(artifact, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), missing="")


def absent(artifact: Artifact, reason: str) -> Artifact:
    """Return the same artifact as missing, with the reason."""
    return replace(artifact, sha256="", size_bytes=0, missing=reason or "unknown")


def check_unaltered(run_json: bytes, files: Mapping[str, bytes], run_json_sha256: str) -> None:
    """Check the files of a run against the hashes in its run.json, and run.json against the hash that history has of
    it. Raises AlteredEvidence for the first that differs.

    An empty hash is not checked: runs of earlier versions have none in history.
    """
    if run_json_sha256 and hashlib.sha256(run_json).hexdigest() != run_json_sha256:
        raise AlteredEvidence("run.json was changed after the run: it is not the one that history has the hash of")
    for artifact in json.loads(run_json)["artifacts"]:
        data = files.get(artifact["name"])
        if data is not None and artifact["sha256"] and hashlib.sha256(data).hexdigest() != artifact["sha256"]:
            raise AlteredEvidence(f"{artifact['name']} was changed after the run: its hash in run.json is another")


def slug(text: str) -> str:
    """Turn any text, such as a step's title, into a safe, short, readable part of a file name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_LIMIT].rstrip("-") or "unnamed"


def run_prefix(started_at: datetime, journey: str, run_id: str) -> str:
    """Return a run's folder in a store: `runs/2026-08-31/live-class/20260831-114610-k3f9tq`. The date is UTC."""
    return f"runs/{started_at:%Y-%m-%d}/{slug(journey)}/{slug(run_id)}"
