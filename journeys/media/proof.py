"""The media proof: whether one actor sees and hears another now, and the fault if not, decided from samples of a page.

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
from firstbell.journeys.media.observation import SPAN_WANTED_MS, MediaObservation
from firstbell.journeys.media.sample import MediaCounters, MediaPath, VideoReading

# Enough to say "now": at 15 frames a second, six fresh stamps take 0.4 s, and no still picture makes two.
STAMPS_WANTED = 6
# Frames of a class that works are never this far apart (Eyevinn/webrtc-player#113 takes 3 s too).
STILL_MS = 3000
# The last few pictures decide what is shown now.
LATEST = 5
# ICE may restart by itself after `failed`; a page that wants to does so at once.
ICE_GIVE_UP_MS = 3000
# A fault that has lasted this long does not heal: a healthy call takes a second to come up. libwebrtc gives up a path
# whose checks go unanswered for 5 s (CONNECTION_WRITE_CONNECT_TIMEOUT).
CERTAIN_AFTER_MS = 5000
# A relay behind TCP needs three round trips to answer at all, and Chromium does not say that one refuses connections.
PENDING_MS = 8000


class MediaFault(Enum):
    """The missing part of a call, in the order in which a call comes up."""

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

    `latency_ms` is from camera to screen, the median over the window; `frames_per_s` are decoded (or shown) frames;
    `window_s` is the time over which deltas were taken, `waited_s` the time until the result; `ice` holds the search
    for a network path, whether one was found (`path`) or not.
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


def is_proved(observation: MediaObservation) -> bool:
    """Enough fresh stamps over enough time, up to now; the tone; and where there is a connection, it delivers."""
    fresh = observation.fresh
    if len(fresh) < STAMPS_WANTED or fresh[-1].at_ms - fresh[0].at_ms < SPAN_WANTED_MS:
        return False
    if observation.now_ms - fresh[-1].at_ms > SPAN_WANTED_MS or observation.heard_hz is None:
        return False
    counted = observation.counted
    return not observation.samples[-1].peers or (counted.frames_decoded > 0 and counted.audio_packets > 0)


Rule = Callable[[MediaObservation], str | None]


def _no_offer(observation: MediaObservation) -> str | None:
    last = observation.samples[-1]
    seen = observation.theirs or observation.others
    return None if last.described or seen else "no call was set up: neither offer nor answer was seen"


def _has_no_route(observation: MediaObservation) -> bool:
    return bool(observation.samples[-1].peers) and not observation.is_connected


def _relay_refused(observation: MediaObservation) -> str | None:
    refusal = observation.samples[-1].ice_facts.refusal
    if refusal is None or not _has_no_route(observation):
        return None
    return f"no network path was found for the media: the relay refuses its credentials ({refusal.code})"


def _udp_blocked(observation: MediaObservation) -> str | None:
    ice = observation.samples[-1].ice_facts
    if not _has_no_route(observation) or not ice.received or not ice.is_udp_unanswered:
        return None
    return "no network path was found for the media: no request by UDP was answered"


def _ice_failed(observation: MediaObservation) -> str | None:
    if not _has_no_route(observation):
        return None
    last = observation.samples[-1]
    detail = "" if last.ice_facts.received else ", and the other side sent no address"
    return f"no network path was found for the media (ICE {last.ice}{detail})"


def _dtls_failed(observation: MediaObservation) -> str | None:
    if not observation.is_connected or observation.samples[-1].ice_facts.dtls != "failed":
        return None
    return "a network path was found for the media, but the two sides did not agree on keys (DTLS failed)"


def _one_way(observation: MediaObservation) -> str | None:
    counted = observation.samples[-1].counters
    if not observation.is_connected or observation.theirs or counted.video_packets or counted.audio_packets:
        return None
    if not counted.acknowledged:
        return None
    return f"the other side has received {counted.acknowledged} packets, and none has arrived from there"


def _no_packets(observation: MediaObservation) -> str | None:
    if not observation.samples[-1].peers or observation.fresh:
        return None
    if observation.samples[-1].counters.video_packets == 0:
        return "the call is up, but no video packet has arrived"
    if observation.counted.video_packets == 0 and observation.window_s * 1000 >= STILL_MS:
        return f"the call is up, but for {observation.window_s:.1f} s no video packet has arrived"
    return None


def _no_decode(observation: MediaObservation) -> str | None:
    if not observation.samples[-1].peers or observation.counted.frames_decoded > 0:
        return None
    arrived = observation.counted.video_packets or observation.samples[-1].counters.video_packets
    return f"{arrived} video packets arrived, but no frame could be decoded"


def _frozen(observation: MediaObservation) -> str | None:
    is_still_shown = bool(observation.theirs) and observation.now_ms - observation.theirs[-1].at_ms < STILL_MS / 2
    if not is_still_shown or observation.still_ms < STILL_MS:
        return None
    arriving = "while packets arrive" if observation.counted.video_packets else "and no packets arrive"
    return f"the picture has stood still for {observation.still_ms / 1000:.1f} s {arriving}"


def _black(observation: MediaObservation) -> str | None:
    unsigned = [picture for picture in observation.others[-LATEST:] if picture.stamp is None]
    if unsigned and all(picture.is_black for picture in unsigned):
        return f"the picture is black (luma {unsigned[-1].luma:.0f} of 255)"
    return None


def _someone_else(observation: MediaObservation) -> str | None:
    seen = [picture for picture in observation.others[-LATEST:] if not picture.is_black]
    if not seen:
        return None
    signed = any(picture.stamp for picture in seen)
    return "the picture is someone else's" if signed else "the picture carries no signature of ours"


def _silent(observation: MediaObservation) -> str | None:
    if not observation.is_live or observation.heard_hz is not None:
        return None
    return f"the picture moves, but the tone of {observation.expected.tone_hz:.0f} Hz is not heard"


def _no_picture(observation: MediaObservation) -> str | None:
    return None if observation.fresh else "frames are decoded, but the page shows no picture"


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
"""The rules in their order: first the pictures of the page, then the progress of the call. The first hit counts."""


def fault_of(observation: MediaObservation) -> tuple[MediaFault, str]:
    """The fault of an observation that is not proved, and its description."""
    for fault, rule in RULES.items():
        if said := rule(observation):
            return fault, said
    return MediaFault.FROZEN, "the picture does not advance as it should"


PERSISTENT_FAULTS: Mapping[MediaFault, int] = {
    MediaFault.DTLS_FAILED: ICE_GIVE_UP_MS,
    MediaFault.ONE_WAY: CERTAIN_AFTER_MS,
    MediaFault.BLACK: CERTAIN_AFTER_MS,
    MediaFault.SOMEONE_ELSE: CERTAIN_AFTER_MS,
    MediaFault.SILENT: CERTAIN_AFTER_MS,
}
"""Fault -> milliseconds after which it is certain, if it was the only fault meanwhile."""


def is_certain(observation: MediaObservation, ice_failed_for_ms: int, same_fault_for_ms: int = 0) -> bool:
    """Whether further waiting is useless: ICE has given up or has nothing left to try, a picture stands still, or the
    same fault has lasted all the time."""
    if ice_failed_for_ms >= ICE_GIVE_UP_MS or observation.still_ms >= 2 * STILL_MS:
        return True
    if observation.no_route_ms >= CERTAIN_AFTER_MS:
        ice = observation.samples[-1].ice_facts
        has_more = ice.pending and observation.no_route_ms < PENDING_MS
        return not has_more and not (ice.has_relay and ice.received)
    return same_fault_for_ms >= ICE_GIVE_UP_MS and same_fault_for_ms >= PERSISTENT_FAULTS.get(
        fault_of(observation)[0], math.inf
    )


def conclude(observation: MediaObservation, *, observer: str, observed: str, waited_s: float) -> MediaProof:
    """The proof of an observation, or its fault."""
    fresh = observation.fresh
    fault, said = (None, "") if is_proved(observation) else fault_of(observation)
    ages = [age for picture in fresh if (age := picture.age_ms) is not None]
    last = observation.samples[-1]
    names = JoinPhases.__slots__
    return MediaProof(
        observer=observer,
        observed=observed,
        fault=fault,
        said=f"{observer} does not see and hear {observed}: {said}"
        if fault
        else f"{observer} sees and hears {observed}",
        waited_s=waited_s,
        window_s=observation.window_s,
        latency_ms=median(ages) if ages else None,
        latency_max_ms=max(ages) if ages else None,
        frames_per_s=_frames_per_s(fresh),
        tone_hz=observation.heard_hz,
        counted=observation.counted,
        path=last.path,
        ice=last.ice_facts,
        phases=JoinPhases(**{name: last.marks[name] for name in names if name in last.marks}),
    )


def _frames_per_s(fresh: Sequence[VideoReading]) -> float:
    """Distinct pictures a second, by the time at which the page showed them."""
    if len(fresh) < 2 or fresh[-1].at_ms == fresh[0].at_ms:
        return 0.0
    return (len(fresh) - 1) * 1000 / (fresh[-1].at_ms - fresh[0].at_ms)
