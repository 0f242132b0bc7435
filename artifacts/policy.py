"""The evidence policy: how much of a run is recorded, how much of it is kept, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from firstbell.artifacts.evidence import Artifact, ArtifactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """The recorders that are on; `benchmarks.recorders` measures the cost of each. No picture shows a selector of
    `mask`. `unguarded_pictures`: rooms whose participants nobody follows are pictured too."""

    trace: bool = True
    screencast: bool = False
    screenshots: bool = True
    har: bool = True
    mask: tuple[str, ...] = ()
    unguarded_pictures: bool = False


class Keep(Enum):
    """The amount of evidence that a run leaves: figures only, pictures too, or everything."""

    FIGURES = "figures"
    SCREENSHOTS = "screenshots"
    TRACE = "trace"


class Lifetime(Enum):
    """The class of an object that decides how long it is kept. The values stand in object tags and lifecycle rules."""

    PASSES = "passes"
    FAILURES = "failures"
    SHARED = "shared"  # a shared bag: removed when its link has ended
    HELD = "held"  # under a legal hold: kept until an operator lets it go


# Kinds that may show or name a person: none of them is kept when a stranger joined.
KINDS_WITH_PAGE_CONTENT = frozenset(
    {ArtifactKind.TRACE, ArtifactKind.SCREENSHOT, ArtifactKind.FRAME, ArtifactKind.CONSOLE, ArtifactKind.HAR}
)
# Kinds that show people: none of them is kept of a room in which a stranger would not be noticed.
KINDS_WITH_PICTURES = frozenset({ArtifactKind.TRACE, ArtifactKind.SCREENSHOT, ArtifactKind.FRAME})
UNGUARDED = (
    "no list of participants of this room was followed, so a stranger would not be noticed; name it by the option "
    "people or people_count, or by watch_participants in the journey"
)
LIST_LOST = (
    "the list of participants of this room has gone, or has an entry without a name that can be read, so a stranger "
    "would not be noticed; name the list more exactly"
)
_LEFT_OUT = {
    Keep.FIGURES: {ArtifactKind.SCREENSHOT, ArtifactKind.FRAME, ArtifactKind.TRACE, ArtifactKind.HAR},
    Keep.SCREENSHOTS: {ArtifactKind.TRACE, ArtifactKind.HAR},
    Keep.TRACE: set[ArtifactKind](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePolicy:
    """The evidence that a passed run leaves, and that any other run leaves. No picture shows a selector of `mask`;
    `unguarded_pictures`: see RecordingOptions."""

    on_pass: Keep = Keep.SCREENSHOTS
    on_fail: Keep = Keep.TRACE
    mask: tuple[str, ...] = ()
    unguarded_pictures: bool = False

    def recording_of(self, attempt: int, *, is_last: bool) -> RecordingOptions:
        """Return what an attempt must record before its result is known.

        A first attempt that will be confirmed if it fails records cheaply: what a pass leaves. The confirming attempt
        records everything that a failure may leave.
        """
        if attempt > 1:
            return self._recording({self.on_fail}, screencast=True)
        return self._recording({self.on_pass, self.on_fail} if is_last else {self.on_pass}, screencast=False)

    def _recording(self, amounts: set[Keep], *, screencast: bool) -> RecordingOptions:
        """A screencast cannot be masked, so there is none if `mask` names anything."""
        is_whole = Keep.TRACE in amounts
        return RecordingOptions(
            trace=is_whole,
            screencast=screencast and is_whole and not self.mask,
            screenshots=amounts != {Keep.FIGURES},
            har=is_whole,
            mask=self.mask,
            unguarded_pictures=self.unguarded_pictures,
        )

    def kept(self, artifacts: Iterable[Artifact], *, passed: bool, private: bool = False) -> tuple[Artifact, ...]:
        """Return the artifacts that are kept. Of a run that a stranger joined (`private`), only figures."""
        left_out = KINDS_WITH_PAGE_CONTENT if private else _LEFT_OUT[self.on_pass if passed else self.on_fail]
        return tuple(artifact for artifact in artifacts if artifact.kind not in left_out)
