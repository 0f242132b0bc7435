"""Evidence of a failed person: page, console and network, redacted like the evidence of a run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.isolation.cleaning import RunSecrets, clean_isolated
from firstbell.artifacts.policy import KINDS_WITH_PAGE_CONTENT, UNGUARDED, RecordingOptions
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.runner.rehearsal.results.store import QUARANTINE

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.step import StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvidenceSettings:
    """The folder for evidence, the selectors to mask in pictures, and the secrets to redact."""

    folder: Path
    mask: tuple[str, ...]
    known: KnownSecrets = field(repr=False)


class FailureRecorder:
    """Records one person in one round, and keeps evidence only if a step failed."""

    def __init__(self, actor: Actor, round_: int, settings: FailureEvidenceSettings) -> None:
        self._actor = actor
        self._settings = settings
        # Inside the process's own temporary folder, which is deleted with the process in any case.
        self._raw = Path(tempfile.mkdtemp(prefix="raw-"))
        self._has_failed = False
        self._recorder = ActorRecorder(
            actor.tabs,
            actor=actor.name,
            folder=self._raw,
            attempt=round_,
            options=RecordingOptions(trace=False, screenshots=False, har=False, mask=settings.mask),
        )
        self._recorder.start()

    def step_ended(self, record: StepRecord) -> None:
        """Takes a picture if a step failed; if an unknown person was seen, discards everything instead."""
        if (ending := record.ending) is None:
            return
        self._has_failed = True
        if ending.is_private or self._actor.is_private:
            self._recorder.withhold(KINDS_WITH_PAGE_CONTENT, ending.said)
        else:
            withheld = UNGUARDED if self._actor.is_unwatched else ""
            self._recorder.picture(record.step.position, record.step.title, failed=True, withheld=withheld)

    def finish(self) -> tuple[str, ...]:
        """Redacts and keeps the evidence, and returns its names; none if no step failed. Raises OSError."""
        try:
            if not self._has_failed:
                return ()
            return keep_evidence(self._recorder.stop(), self._raw, self._settings)
        finally:
            shutil.rmtree(self._raw, ignore_errors=True)


def keep_evidence(recorded: Sequence[Artifact], raw: Path, settings: FailureEvidenceSettings) -> tuple[str, ...]:
    """Redacts and stores what was recorded, and returns the names of the files. Raises OSError."""
    cleaned = clean_isolated(recorded, raw, RunSecrets(settings.known), quarantine=settings.folder / QUARANTINE)
    for name, data in cleaned.files.items():
        file = settings.folder / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_bytes(data)
        file.chmod(0o600)
    return _in_order(cleaned.artifacts)


def _in_order(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """The names of the kept files, the picture first."""
    kept = [artifact for artifact in artifacts if not artifact.missing]
    return tuple(
        artifact.name for artifact in sorted(kept, key=lambda artifact: artifact.kind is not ArtifactKind.SCREENSHOT)
    )
