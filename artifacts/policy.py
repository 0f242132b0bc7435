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

    on_pass: Keep = Keep.SCREENSHOTS
    on_fail: Keep = Keep.TRACE

    def recording_of(self, attempt: int, *, is_last: bool) -> Recording:
        """What an attempt must record, whose ending nobody knows yet.

        A first attempt that will be confirmed if it fails records cheaply, what a pass leaves; the confirming one
        records everything that a failure may leave.
        """
        if attempt > 1:
            is_wanted = self.on_fail is Keep.TRACE
            return Recording(trace=is_wanted, screencast=is_wanted, screenshots=self.on_fail is not Keep.FIGURES)
        wanted = {self.on_pass, self.on_fail} if is_last else {self.on_pass}
        return Recording(trace=Keep.TRACE in wanted, screenshots=wanted != {Keep.FIGURES})

    def kept(self, artifacts: Iterable[Artifact], *, passed: bool) -> tuple[Artifact, ...]:
        """What of a run's artifacts is kept."""
        left_out = _LEFT_OUT[self.on_pass if passed else self.on_fail]
        return tuple(artifact for artifact in artifacts if artifact.kind not in left_out)
