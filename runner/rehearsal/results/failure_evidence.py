"""What remains of somebody who failed: their page, its console and network, cleaned as a run's evidence is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.runner.rehearsal.results.store import QUARANTINE

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.step import StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvidenceSettings:
    """Where a rehearsal keeps what remains, what no picture shows (selectors), and which secrets nothing may hold."""

    folder: Path
    mask: tuple[str, ...]
    known: KnownSecrets = field(repr=False)


class FailureRecorder:
    """Records one person in one round, and keeps something only where a step broke."""

    def __init__(self, actor: Actor, round_: int, cupboard: FailureEvidenceSettings) -> None:
        self._actor = actor
        self._cupboard = cupboard
        # Below the process's own temporary folder, which goes with it, whatever happens.
        self._raw = Path(tempfile.mkdtemp(prefix="raw-"))
        self._has_broken = False
        self._recorder = ActorRecorder(
            actor.page,
            actor=actor.name,
            folder=self._raw,
            attempt=round_,
            options=RecordingOptions(trace=False, screenshots=False, har=False, mask=cupboard.mask),
        )
        self._recorder.start()

    def step_ended(self, record: StepRecord) -> None:
        """Take a picture where a step broke; with a stranger about, nothing that shows or names a person."""
        if (ending := record.ending) is None:
            return
        self._has_broken = True
        if ending.is_private or self._actor.is_private:
            self._recorder.discard(ending.said)
        else:
            self._recorder.picture(record.step.position, record.step.title, failed=True)

    def finish(self) -> tuple[str, ...]:
        """Keep what is to be kept, clean, and say under which names; nothing where nothing broke. Raises OSError."""
        try:
            if not self._has_broken:
                return ()
            return keep_evidence(self._recorder.stop(), self._raw, self._cupboard)
        finally:
            shutil.rmtree(self._raw, ignore_errors=True)


def keep_evidence(recorded: Sequence[Artifact], raw: Path, cupboard: FailureEvidenceSettings) -> tuple[str, ...]:
    """Put what was recorded into the cupboard, clean, and say under which names. Raises OSError."""
    cleaned = clean(recorded, raw, cupboard.known, quarantine=cupboard.folder / QUARANTINE)
    for name, data in cleaned.files.items():
        file = cupboard.folder / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_bytes(data)
        file.chmod(0o600)
    return _in_order(cleaned.artifacts)


def _in_order(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """The names of what is there, the picture first."""
    there = [artifact for artifact in artifacts if not artifact.missing]
    return tuple(one.name for one in sorted(there, key=lambda one: one.kind is not ArtifactKind.SCREENSHOT))
