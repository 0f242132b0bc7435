"""How much of a run is recorded, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from artifacts.evidence import Artifact, ArtifactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is recorded. A trace with `screencast` costs about 20 % CPU on a live class, with snapshots alone 9 %."""

    trace: bool = True
    screencast: bool = False
    screenshots: bool = True


class Keep(Enum):
    """How much a run leaves: figures only, pictures too, or everything."""

    FIGURES = "figures"
    SCREENSHOTS = "screenshots"
    TRACE = "trace"


_LEFT_OUT = {
    Keep.FIGURES: {ArtifactKind.SCREENSHOT, ArtifactKind.TRACE},
    Keep.SCREENSHOTS: {ArtifactKind.TRACE},
    Keep.TRACE: set[ArtifactKind](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePolicy:
    """What a run that passed leaves, and what any other does."""

    on_pass: Keep = Keep.TRACE
    on_fail: Keep = Keep.TRACE

    @property
    def recording(self) -> Recording:
        """What must be recorded from the start of an attempt, whose ending nobody knows."""
        wanted = {self.on_pass, self.on_fail}
        return Recording(trace=Keep.TRACE in wanted, screenshots=wanted != {Keep.FIGURES})

    def kept(self, artifacts: Iterable[Artifact], *, passed: bool) -> tuple[Artifact, ...]:
        """What of a run's artifacts is kept."""
        left_out = _LEFT_OUT[self.on_pass if passed else self.on_fail]
        return tuple(artifact for artifact in artifacts if artifact.kind not in left_out)
