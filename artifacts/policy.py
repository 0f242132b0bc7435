"""How much of a run is recorded, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from firstbell.artifacts.evidence import Artifact, ArtifactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """What is recorded; `benchmarks.recorders` says what each costs. `mask` are selectors that no picture shows."""

    trace: bool = True
    screencast: bool = False
    screenshots: bool = True
    har: bool = True
    mask: tuple[str, ...] = ()


class Keep(Enum):
    """How much a run leaves: figures only, pictures too, or everything."""

    FIGURES = "figures"
    SCREENSHOTS = "screenshots"
    TRACE = "trace"


# What may show or name a person: nothing of it is kept when somebody was there who is not ours.
KINDS_WITH_PAGE_CONTENT = frozenset(
    {ArtifactKind.TRACE, ArtifactKind.SCREENSHOT, ArtifactKind.FRAME, ArtifactKind.CONSOLE, ArtifactKind.HAR}
)
_LEFT_OUT = {
    Keep.FIGURES: {ArtifactKind.SCREENSHOT, ArtifactKind.FRAME, ArtifactKind.TRACE, ArtifactKind.HAR},
    Keep.SCREENSHOTS: {ArtifactKind.TRACE, ArtifactKind.HAR},
    Keep.TRACE: set[ArtifactKind](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePolicy:
    """What a run that passed leaves, and what any other does; `mask` are selectors of what no picture shows."""

    on_pass: Keep = Keep.SCREENSHOTS
    on_fail: Keep = Keep.TRACE
    mask: tuple[str, ...] = ()

    def recording_of(self, attempt: int, *, is_last: bool) -> RecordingOptions:
        """What an attempt must record, whose ending nobody knows yet.

        A first attempt that will be confirmed if it fails records cheaply, what a pass leaves; the confirming one
        records everything that a failure may leave.
        """
        if attempt > 1:
            return self._recording({self.on_fail}, screencast=True)
        return self._recording({self.on_pass, self.on_fail} if is_last else {self.on_pass}, screencast=False)

    def _recording(self, wanted: set[Keep], *, screencast: bool) -> RecordingOptions:
        """A screencast cannot be masked, so there is none where something must not be shown."""
        is_whole = Keep.TRACE in wanted
        return RecordingOptions(
            trace=is_whole,
            screencast=screencast and is_whole and not self.mask,
            screenshots=wanted != {Keep.FIGURES},
            har=is_whole,
            mask=self.mask,
        )

    def kept(self, artifacts: Iterable[Artifact], *, passed: bool, private: bool = False) -> tuple[Artifact, ...]:
        """What of a run's artifacts is kept. Of a run in which a stranger was, only figures."""
        left_out = KINDS_WITH_PAGE_CONTENT if private else _LEFT_OUT[self.on_pass if passed else self.on_fail]
        return tuple(artifact for artifact in artifacts if artifact.kind not in left_out)
