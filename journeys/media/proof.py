"""Whether one actor sees and hears another now, and if not, what is missing: decided from looks at the observer's page.

Judged by deltas, picture, tone and identity, never by a connected state. Measured on a dead class (the teacher's
tracks taken away): seven seconds later the video is visible, `currentTime` counts, ICE is connected, `freezeCount`
is 0; only packets, decoded frames and the signed clock stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from statistics import median

from journeys.media.camera import Signature
from journeys.media.look import Counters, Look, MediaPath, Picture

# Enough to say "now": at 15 frames a second, six fresh stamps take 0.4 s, and no still picture makes two.
STAMPS_WANTED = 6
SPAN_WANTED_MS = 330
# Only what was shown lately counts; older pictures wait in the page since before anybody asked.
LATELY_MS = 3000
# A live picture older than this is a recording or a queue, not a class.
OLDEST_MS = 5000
# Frames of a class that works are never this far apart (Eyevinn/webrtc-player#113 takes 3 s too).
STILL_MS = 3000
# What is shown now, when something was shown before: the last few pictures decide.
LATEST = 5
# ICE may restart by itself after `failed`; a page that wants to does so at once.
ICE_GIVES_UP_MS = 3000


class MediaFault(Enum):
    """What was missing, in the order in which a call comes up."""

    NO_OFFER = "no offer"
    ICE_FAILED = "ICE failed"
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
    `window_s` is the time over which deltas were taken, `waited_s` how long the observer had to look.
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
    counted: Counters = field(default_factory=Counters)
    path: MediaPath | None = None
    phases: JoinPhases = field(default_factory=JoinPhases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All looks so far, sorted out for one question: does the observer see and hear the expected one?"""

    expected: Signature
    looks: Sequence[Look]

    @property
    def now_ms(self) -> int:
        """The page's clock at the last look."""
        return self.looks[-1].at_ms

    @property
    def theirs(self) -> list[Picture]:
        """Pictures signed by the expected actor, oldest first."""
        return [picture for picture in self._pictures() if _signer(picture) == self.expected.actor_id]

    @property
    def others(self) -> list[Picture]:
        """Recent pictures that are neither the observer's own nor the expected actor's."""
        ours = {self.expected.actor_id, self.looks[-1].own_id}
        return [picture for picture in self._recent() if _signer(picture) not in ours]

    @property
    def fresh(self) -> list[Picture]:
        """Recent and advancing pictures of the expected actor: one for each stamp."""
        fresh: list[Picture] = []
        for picture in self.theirs:
            age = picture.age_ms
            is_recent = picture.at_ms >= self.now_ms - LATELY_MS
            is_new = not fresh or _sent(picture) != _sent(fresh[-1])
            if age is not None and age <= OLDEST_MS and is_recent and is_new:
                fresh.append(picture)
        return fresh

    @property
    def is_live(self) -> bool:
        """Whether the newest picture of all is a fresh one of the expected actor."""
        fresh, others = self.fresh, self.others
        return bool(fresh) and not (others and others[-1].at_ms > fresh[-1].at_ms + SPAN_WANTED_MS)

    @property
    def counted(self) -> Counters:
        """What arrived between the first and the last look."""
        return self.looks[-1].counters.since(self.looks[0].counters)

    @property
    def window_s(self) -> float:
        """From the first look to the last, in seconds."""
        return (self.looks[-1].at_ms - self.looks[0].at_ms) / 1000

    @property
    def heard_hz(self) -> float | None:
        """The expected tone, if it is heard in the last look."""
        for sound in self.looks[-1].sounds:
            if sound.carries_tone:
                near = abs(sound.peak_hz - self.expected.tone_hz) <= 2 * sound.bin_hz
                return sound.peak_hz if near else self.expected.tone_hz
        return None

    @property
    def still_ms(self) -> int:
        """For how long the expected actor's picture has not changed; 0 if it was never seen."""
        if not self.theirs:
            return 0
        last = _sent(self.theirs[-1])
        since = next(picture.at_ms for picture in self.theirs if _sent(picture) == last)
        return self.now_ms - since

    def _pictures(self) -> list[Picture]:
        return [picture for look in self.looks for picture in look.pictures]

    def _recent(self) -> list[Picture]:
        return [picture for picture in self._pictures() if picture.at_ms >= self.now_ms - LATELY_MS]


def is_proved(sight: Sight) -> bool:
    """Enough fresh stamps over enough time, up to now; the tone; and where there is a connection, it delivers."""
    fresh = sight.fresh
    if len(fresh) < STAMPS_WANTED or fresh[-1].at_ms - fresh[0].at_ms < SPAN_WANTED_MS:
        return False
    if sight.now_ms - fresh[-1].at_ms > SPAN_WANTED_MS or sight.heard_hz is None:
        return False
    counted = sight.counted
    return not sight.looks[-1].peers or (counted.frames_decoded > 0 and counted.audio_packets > 0)


Rule = Callable[[Sight], str | None]


def _no_offer(sight: Sight) -> str | None:
    last = sight.looks[-1]
    seen = sight.theirs or sight.others
    return None if last.described or seen else "no call was set up: neither offer nor answer was seen"


def _ice_failed(sight: Sight) -> str | None:
    last = sight.looks[-1]
    if not last.peers or last.ice in ("connected", "completed"):
        return None
    return f"no way was found for the media (ICE {last.ice})"


def _no_packets(sight: Sight) -> str | None:
    if not sight.looks[-1].peers or sight.fresh:
        return None
    if sight.looks[-1].counters.video_packets == 0:
        return "the call is up, but no video packet has arrived"
    if sight.counted.video_packets == 0 and sight.window_s * 1000 >= STILL_MS:
        return f"the call is up, but for {sight.window_s:.1f} s no video packet has arrived"
    return None


def _no_decode(sight: Sight) -> str | None:
    if not sight.looks[-1].peers or sight.counted.frames_decoded > 0:
        return None
    arrived = sight.counted.video_packets or sight.looks[-1].counters.video_packets
    return f"{arrived} video packets arrived, but no frame could be decoded"


def _frozen(sight: Sight) -> str | None:
    is_still_shown = bool(sight.theirs) and sight.now_ms - sight.theirs[-1].at_ms < STILL_MS / 2
    if not is_still_shown or sight.still_ms < STILL_MS:
        return None
    arriving = "while packets arrive" if sight.counted.video_packets else "and no packets arrive"
    return f"the picture has stood still for {sight.still_ms / 1000:.1f} s {arriving}"


def _black(sight: Sight) -> str | None:
    unsigned = [picture for picture in sight.others[-LATEST:] if picture.stamp is None]
    if unsigned and all(picture.is_black for picture in unsigned):
        return f"the picture is black (luma {unsigned[-1].luma:.0f} of 255)"
    return None


def _someone_else(sight: Sight) -> str | None:
    seen = [picture for picture in sight.others[-LATEST:] if not picture.is_black]
    if not seen:
        return None
    signed = any(picture.stamp for picture in seen)
    return "the picture is someone else's" if signed else "the picture carries no signature of ours"


def _silent(sight: Sight) -> str | None:
    if not sight.is_live or sight.heard_hz is not None:
        return None
    return f"the picture moves, but the tone of {sight.expected.tone_hz:.0f} Hz is not heard"


def _no_picture(sight: Sight) -> str | None:
    return None if sight.fresh else "frames are decoded, but the page shows no picture"


RULES: Mapping[MediaFault, Rule] = {
    MediaFault.FROZEN: _frozen,
    MediaFault.SILENT: _silent,
    MediaFault.BLACK: _black,
    MediaFault.SOMEONE_ELSE: _someone_else,
    MediaFault.NO_OFFER: _no_offer,
    MediaFault.ICE_FAILED: _ice_failed,
    MediaFault.NO_PACKETS: _no_packets,
    MediaFault.NO_DECODE: _no_decode,
    MediaFault.NO_PICTURE: _no_picture,
}
"""What is asked, in this order: first what the page shows, then how far the call came up. The first answer counts."""


def fault_of(sight: Sight) -> tuple[MediaFault, str]:
    """What is missing in a sight that is not proved, and the line that says so."""
    for fault, rule in RULES.items():
        if said := rule(sight):
            return fault, said
    return MediaFault.FROZEN, "the picture does not advance as it should"


def is_certain(sight: Sight, ice_failed_for_ms: int) -> bool:
    """Whether waiting any longer is useless: ICE has given up, or a picture that was there stands still."""
    return ice_failed_for_ms >= ICE_GIVES_UP_MS or sight.still_ms >= 2 * STILL_MS


def conclude(sight: Sight, *, observer: str, observed: str, waited_s: float) -> MediaProof:
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
        phases=JoinPhases(**{name: last.marks[name] for name in names if name in last.marks}),
    )


def _frames_per_s(fresh: Sequence[Picture]) -> float:
    """Distinct pictures a second as shown; a page that was asked late has shown them before."""
    if len(fresh) < 2 or fresh[-1].at_ms == fresh[0].at_ms:
        return 0.0
    return (len(fresh) - 1) * 1000 / (fresh[-1].at_ms - fresh[0].at_ms)


def _signer(picture: Picture) -> int | None:
    return picture.stamp.actor_id if picture.stamp else None


def _sent(picture: Picture) -> int | None:
    return picture.stamp.sent_ms if picture.stamp else None
