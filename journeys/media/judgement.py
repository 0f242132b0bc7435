"""Decides from samples of a page whether one actor sees and hears another now, and the fault if not.

Judged by deltas, picture, tone and identity, never by a connected state. Measured on a dead class (the teacher's
tracks taken away): seven seconds later the video is visible, `currentTime` counts, ICE is connected, `freezeCount`
is 0; only packets, decoded frames and the signed clock stand still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from firstbell.journeys.media.observation import NEWEST_MS, SPAN_WANTED_MS, MediaObservation
from firstbell.journeys.media.proof import LATE_SHARE, JoinPhases, MediaFault, MediaProof
from firstbell.journeys.media.sample import VideoReading

# A camera of 5 frames a second makes them in 1.2 s; no still picture makes two.
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
# Frames are counted by reading only if reading is faster: of each frame read once, there may be more.
READS_A_FRAME = 1.3


def is_proved(observation: MediaObservation) -> bool:
    """Enough fresh stamps over enough time, up to now; the tone; and where there is a connection, it delivers."""
    fresh = observation.fresh
    if len(fresh) < STAMPS_WANTED or fresh[-1].at_ms - fresh[0].at_ms < SPAN_WANTED_MS:
        return False
    if observation.now_ms - fresh[-1].at_ms > NEWEST_MS or observation.heard_hz is None:
        return False
    # Media of some rooms comes by other ways than RTP; where packets have come, they must go on coming.
    since, ever = observation.counted, observation.samples[-1].counters
    return not (ever.video_packets and not since.frames_decoded) and not (
        ever.audio_packets and not since.audio_packets
    )


Rule = Callable[[MediaObservation], str | None]


def _no_offer(observation: MediaObservation) -> str | None:
    last = observation.samples[-1]
    seen = observation.theirs or observation.others
    return None if last.described or seen else "no call was set up: neither offer nor answer was seen"


def _no_answer(observation: MediaObservation) -> str | None:
    last = observation.samples[-1]
    if last.answered or not last.described or observation.theirs or observation.others:
        return None
    return "no call came up: this side's offer was not answered"


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
    signers = [picture.stamp.actor_id for picture in seen if picture.stamp]
    # One picture of a stranger may look signed by chance; not two by the same.
    signed = len(signers) > len(set(signers))
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
    MediaFault.NO_ANSWER: _no_answer,
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
    said_of = ((fault, rule(observation)) for fault, rule in RULES.items())
    fault, said = next(
        ((fault, said) for fault, said in said_of if said),
        (MediaFault.FROZEN, "the picture does not advance as it should"),
    )
    if fault in NEEDS_LOOKS and observation.late_share >= LATE_SHARE:
        late = f"the probe could not look often enough ({observation.late_share:.0%} of the time lost), and saw this"
        return MediaFault.PROBE_LATE, f"{late}: {said}"
    return fault, said


NEEDS_LOOKS = frozenset({MediaFault.FROZEN, MediaFault.SILENT, MediaFault.NO_DECODE, MediaFault.NO_PICTURE})
"""Faults that a probe also sees that looks too seldom."""


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
    is_still = observation.still_ms >= 2 * STILL_MS and observation.late_share < LATE_SHARE
    if ice_failed_for_ms >= ICE_GIVE_UP_MS or is_still:
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
    last, shown = observation.samples[-1], observation.shown
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
        frames_per_s=_frames_per_s(shown),
        is_rate_certain=_is_rate_certain(observation),
        late_share=round(observation.late_share, 2),
        tone_hz=observation.heard_hz,
        counted=observation.counted,
        path=last.path,
        ice=last.ice_facts,
        phases=JoinPhases(**{name: last.marks[name] for name in names if name in last.marks}),
        newest=shown[-1] if shown else None,
    )


def _frames_per_s(shown: Sequence[VideoReading]) -> float:
    """Frames a second that an element has shown: by the browser's own count where it keeps one, else distinct ones.

    After a page stood still, frames that waited are shown faster than they were drawn: the longer time counts.
    """
    if len(shown) < 2:
        return 0.0
    first, last = shown[0], shown[-1]
    shown_ms = last.at_ms - first.at_ms
    drawn_ms = shown_ms + (first.age_ms or 0) - (last.age_ms or 0)
    frames = sum(_frames_between(before, now) for before, now in pairwise(shown))
    return frames * 1000 / span_ms if (span_ms := max(shown_ms, drawn_ms)) > 0 else 0.0


def _frames_between(before: VideoReading, now: VideoReading) -> int:
    if before.presented is None or now.presented is None:
        return 1
    return max(1, now.presented - before.presented)


def _is_rate_certain(observation: MediaObservation) -> bool:
    """Whether there were no more frames than were counted."""
    shown = observation.shown
    if not shown or observation.late_share >= LATE_SHARE:
        return False
    is_counted = shown[0].presented is not None
    return is_counted or observation.reads_per_s >= READS_A_FRAME * _frames_per_s(shown)
