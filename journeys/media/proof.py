"""Whether one actor sees and hears another now, and if not, what is missing: decided from looks at the observer's page.

Judged by deltas, picture, tone and identity, never by a connected state. Measured on a dead class (the teacher's
tracks taken away): seven seconds later the video is visible, `currentTime` counts, ICE is connected, `freezeCount`
is 0; only packets, decoded frames and the signed clock stand still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from statistics import median

from firstbell.journeys.media.ice import IceFacts
from firstbell.journeys.media.look import MediaCounters, MediaPath, VideoReading
from firstbell.journeys.media.sight import SPAN_WANTED_MS, MediaObservation

# Enough to say "now": at 15 frames a second, six fresh stamps take 0.4 s, and no still picture makes two.
STAMPS_WANTED = 6
# Frames of a class that works are never this far apart (Eyevinn/webrtc-player#113 takes 3 s too).
STILL_MS = 3000
# What is shown now, when something was shown before: the last few pictures decide.
LATEST = 5
# ICE may restart by itself after `failed`; a page that wants to does so at once.
ICE_GIVE_UP_MS = 3000
# What has been wrong for so long, without a moment in which it was right, is not about to come up: a healthy call takes
# a second. libwebrtc stops counting on a way whose checks go unanswered for 5 s (CONNECTION_WRITE_CONNECT_TIMEOUT).
CERTAIN_AFTER_MS = 5000
# A relay behind TCP needs three round trips to answer at all, and Chromium does not say that one refuses connections.
PENDING_MS = 8000


class MediaFault(Enum):
    """What was missing, in the order in which a call comes up."""

    NO_OFFER = "no offer"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPhases:
    """When each phase of joining was over, in ms since the page's navigation began; None for what never came."""

    page_ms: float | None = None
    signalling_ms: float | None = None
    ice_connected_ms: float | None = None
    first_packet_ms: float | None = None
    first_frame_ms: float | None = None
    first_signed_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProof:
    """What was found when `observer` looked at `observed`. Proved where `fault` is None; `said` tells it in one line.

    `latency_ms` is glass to glass, the median over the window; `frames_per_s` are decoded (or shown) frames;
    `window_s` is the time over which deltas were taken, `waited_s` how long the observer had to look; `ice` tells how a
    way was looked for, whether one was found (`path`) or not.
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
    tone_hz: float | None = None
    counted: MediaCounters = field(default_factory=MediaCounters)
    path: MediaPath | None = None
    ice: IceFacts = field(default_factory=IceFacts)
    phases: JoinPhases = field(default_factory=JoinPhases)


def is_proved(sight: MediaObservation) -> bool:
    """Enough fresh stamps over enough time, up to now; the tone; and where there is a connection, it delivers."""
    fresh = sight.fresh
    if len(fresh) < STAMPS_WANTED or fresh[-1].at_ms - fresh[0].at_ms < SPAN_WANTED_MS:
        return False
    if sight.now_ms - fresh[-1].at_ms > SPAN_WANTED_MS or sight.heard_hz is None:
        return False
    counted = sight.counted
    return not sight.looks[-1].peers or (counted.frames_decoded > 0 and counted.audio_packets > 0)


Rule = Callable[[MediaObservation], str | None]


def _no_offer(sight: MediaObservation) -> str | None:
    last = sight.looks[-1]
    seen = sight.theirs or sight.others
    return None if last.described or seen else "no call was set up: neither offer nor answer was seen"


def _has_no_route(sight: MediaObservation) -> bool:
    return bool(sight.looks[-1].peers) and not sight.is_connected


def _relay_refused(sight: MediaObservation) -> str | None:
    refusal = sight.looks[-1].way.refusal
    if refusal is None or not _has_no_route(sight):
        return None
    return f"no way was found for the media: the relay does not take the credentials it is shown ({refusal.code})"


def _udp_blocked(sight: MediaObservation) -> str | None:
    way = sight.looks[-1].way
    if not _has_no_route(sight) or not way.received or not way.is_udp_unanswered:
        return None
    return "no way was found for the media: nothing that was sent by UDP was answered"


def _ice_failed(sight: MediaObservation) -> str | None:
    if not _has_no_route(sight):
        return None
    last = sight.looks[-1]
    told = "" if last.way.received else ", and the other side told no address"
    return f"no way was found for the media (ICE {last.ice}{told})"


def _dtls_failed(sight: MediaObservation) -> str | None:
    if not sight.is_connected or sight.looks[-1].way.dtls != "failed":
        return None
    return "a way was found for the media, but the two sides did not agree on its keys (DTLS failed)"


def _one_way(sight: MediaObservation) -> str | None:
    counted = sight.looks[-1].counters
    if not sight.is_connected or sight.theirs or counted.video_packets or counted.audio_packets:
        return None
    if not counted.acknowledged:
        return None
    return f"the other side has {counted.acknowledged} packets from here, and not one has arrived from there"


def _no_packets(sight: MediaObservation) -> str | None:
    if not sight.looks[-1].peers or sight.fresh:
        return None
    if sight.looks[-1].counters.video_packets == 0:
        return "the call is up, but no video packet has arrived"
    if sight.counted.video_packets == 0 and sight.window_s * 1000 >= STILL_MS:
        return f"the call is up, but for {sight.window_s:.1f} s no video packet has arrived"
    return None


def _no_decode(sight: MediaObservation) -> str | None:
    if not sight.looks[-1].peers or sight.counted.frames_decoded > 0:
        return None
    arrived = sight.counted.video_packets or sight.looks[-1].counters.video_packets
    return f"{arrived} video packets arrived, but no frame could be decoded"


def _frozen(sight: MediaObservation) -> str | None:
    is_still_shown = bool(sight.theirs) and sight.now_ms - sight.theirs[-1].at_ms < STILL_MS / 2
    if not is_still_shown or sight.still_ms < STILL_MS:
        return None
    arriving = "while packets arrive" if sight.counted.video_packets else "and no packets arrive"
    return f"the picture has stood still for {sight.still_ms / 1000:.1f} s {arriving}"


def _black(sight: MediaObservation) -> str | None:
    unsigned = [picture for picture in sight.others[-LATEST:] if picture.stamp is None]
    if unsigned and all(picture.is_black for picture in unsigned):
        return f"the picture is black (luma {unsigned[-1].luma:.0f} of 255)"
    return None


def _someone_else(sight: MediaObservation) -> str | None:
    seen = [picture for picture in sight.others[-LATEST:] if not picture.is_black]
    if not seen:
        return None
    signed = any(picture.stamp for picture in seen)
    return "the picture is someone else's" if signed else "the picture carries no signature of ours"


def _silent(sight: MediaObservation) -> str | None:
    if not sight.is_live or sight.heard_hz is not None:
        return None
    return f"the picture moves, but the tone of {sight.expected.tone_hz:.0f} Hz is not heard"


def _no_picture(sight: MediaObservation) -> str | None:
    return None if sight.fresh else "frames are decoded, but the page shows no picture"


RULES: Mapping[MediaFault, Rule] = {
    MediaFault.FROZEN: _frozen,
    MediaFault.SILENT: _silent,
    MediaFault.BLACK: _black,
    MediaFault.SOMEONE_ELSE: _someone_else,
    MediaFault.NO_OFFER: _no_offer,
    MediaFault.RELAY_REFUSED: _relay_refused,
    MediaFault.UDP_BLOCKED: _udp_blocked,
    MediaFault.ICE_FAILED: _ice_failed,
    MediaFault.DTLS_FAILED: _dtls_failed,
    MediaFault.ONE_WAY: _one_way,
    MediaFault.NO_PACKETS: _no_packets,
    MediaFault.NO_DECODE: _no_decode,
    MediaFault.NO_PICTURE: _no_picture,
}
"""What is asked, in this order: first what the page shows, then how far the call came up. The first answer counts."""


def fault_of(sight: MediaObservation) -> tuple[MediaFault, str]:
    """What is missing in a sight that is not proved, and the line that says so."""
    for fault, rule in RULES.items():
        if said := rule(sight):
            return fault, said
    return MediaFault.FROZEN, "the picture does not advance as it should"


PERSISTENT_FAULTS: Mapping[MediaFault, int] = {
    MediaFault.DTLS_FAILED: ICE_GIVE_UP_MS,
    MediaFault.ONE_WAY: CERTAIN_AFTER_MS,
    MediaFault.BLACK: CERTAIN_AFTER_MS,
    MediaFault.SOMEONE_ELSE: CERTAIN_AFTER_MS,
    MediaFault.SILENT: CERTAIN_AFTER_MS,
}
"""Which faults are not waited for any longer once they have been told, and nothing else, for so many ms."""


def is_certain(sight: MediaObservation, ice_failed_for_ms: int, same_fault_for_ms: int = 0) -> bool:
    """Whether waiting any longer is useless: ICE has given up or has nothing left to try, a picture that was there
    stands still, or the same thing has been wrong all the time."""
    if ice_failed_for_ms >= ICE_GIVE_UP_MS or sight.still_ms >= 2 * STILL_MS:
        return True
    if sight.no_route_ms >= CERTAIN_AFTER_MS:
        way = sight.looks[-1].way
        has_more = way.pending and sight.no_route_ms < PENDING_MS
        return not has_more and not (way.has_relay and way.received)
    return same_fault_for_ms >= ICE_GIVE_UP_MS and same_fault_for_ms >= PERSISTENT_FAULTS.get(
        fault_of(sight)[0], math.inf
    )


def conclude(sight: MediaObservation, *, observer: str, observed: str, waited_s: float) -> MediaProof:
    """The proof that a sight amounts to, or the fault."""
    fresh = sight.fresh
    fault, said = (None, "") if is_proved(sight) else fault_of(sight)
    ages = [age for picture in fresh if (age := picture.age_ms) is not None]
    last = sight.looks[-1]
    names = JoinPhases.__slots__
    return MediaProof(
        observer=observer,
        observed=observed,
        fault=fault,
        said=f"{observer} does not see and hear {observed}: {said}"
        if fault
        else f"{observer} sees and hears {observed}",
        waited_s=waited_s,
        window_s=sight.window_s,
        latency_ms=median(ages) if ages else None,
        latency_max_ms=max(ages) if ages else None,
        frames_per_s=_frames_per_s(fresh),
        tone_hz=sight.heard_hz,
        counted=sight.counted,
        path=last.path,
        ice=last.way,
        phases=JoinPhases(**{name: last.marks[name] for name in names if name in last.marks}),
    )


def _frames_per_s(fresh: Sequence[VideoReading]) -> float:
    """Distinct pictures a second as shown; a page that was asked late has shown them before."""
    if len(fresh) < 2 or fresh[-1].at_ms == fresh[0].at_ms:
        return 0.0
    return (len(fresh) - 1) * 1000 / (fresh[-1].at_ms - fresh[0].at_ms)
