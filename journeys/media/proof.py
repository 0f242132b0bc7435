"""The media proof: whether one actor sees and hears another now, and the fault if not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from firstbell.journeys.media.ice import IceFacts
from firstbell.journeys.media.sample import MediaCounters, MediaPath, VideoReading

# Where the probe could not look for this share of the time, a picture that does not advance says nothing of the class.
LATE_SHARE = 0.3


class MediaFault(Enum):
    """The missing part of a call, in the order in which a call comes up."""

    NO_OFFER = "no offer"
    NO_ANSWER = "no answer"
    RELAY_REFUSED = "relay refused"
    UDP_BLOCKED = "UDP blocked"
    ICE_FAILED = "ICE failed"
    DTLS_FAILED = "DTLS failed"
    ONE_WAY = "one way"
    NO_PACKETS = "no packets"
    NO_DECODE = "no decode"
    NO_PICTURE = "no picture"
    BLACK = "black"
    SOMEONE_ELSE = "someone else's picture"
    FROZEN = "frozen"
    SILENT = "silent"
    PROBE_LATE = "probe too late"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPhases:
    """The end of each phase of joining, in ms since the page's navigation began; None for a phase that never ended."""

    page_ms: float | None = None
    signalling_ms: float | None = None
    ice_connected_ms: float | None = None
    first_packet_ms: float | None = None
    first_frame_ms: float | None = None
    first_signed_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProof:
    """The search for `observed` on the page of `observer`. Proved where `fault` is None; `said` describes it.

    `latency_ms` is from camera to screen, the median over the window; `frames_per_s` are frames that were shown, and at
    least those where not `is_rate_certain`; `late_share` is the share of the time (0 to 1) in which the probe could not
    look; `window_s` is the time over which deltas were taken, `waited_s` the time until the result; `ice` holds the
    search for a network path, whether one was found (`path`) or not; `newest` is the last picture that was shown.
    """

    observer: str
    observed: str
    fault: MediaFault | None
    said: str
    waited_s: float
    window_s: float
    latency_ms: float | None = None
    latency_max_ms: float | None = None
    frames_per_s: float = 0.0
    is_rate_certain: bool = True
    late_share: float = 0.0
    tone_hz: float | None = None
    counted: MediaCounters = field(default_factory=MediaCounters)
    path: MediaPath | None = None
    ice: IceFacts = field(default_factory=IceFacts)
    phases: JoinPhases = field(default_factory=JoinPhases)
    newest: VideoReading | None = None

    def frames_per_s_since(self, before: MediaProof) -> float:
        """Frames a second from the newest picture of an earlier proof to this one's, by the browser's own count; the
        rate of this proof's own window where another element shows the picture now, or the browser does not count."""
        was, now = before.newest, self.newest
        if was is None or now is None or was.source != now.source or now.at_ms <= was.at_ms:
            return self.frames_per_s
        if was.presented is None or now.presented is None or now.presented < was.presented:
            return self.frames_per_s
        return (now.presented - was.presented) * 1000 / (now.at_ms - was.at_ms)

    @property
    def is_late(self) -> bool:
        """Whether the probe could look so seldom that times and rates say nothing of the class."""
        return self.late_share >= LATE_SHARE
