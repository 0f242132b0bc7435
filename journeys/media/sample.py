"""One sample of a page's media: pictures shown, sounds played, and the counters of its connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbell.journeys.media.camera import FrameStamp, decode
from firstbell.journeys.media.ice import IceFacts, read_ice


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoReading:
    """A picture on the page at `at_ms` (that page's clock). `luma` 0..255 and its standard deviation, `spread`.

    `source` is the element that showed it, and `presented` the number of frames that the browser has shown there since
    it began, also those that were not read; None where the browser does not count.
    """

    at_ms: int
    stamp: FrameStamp | None
    luma: float
    spread: float
    source: str = ""
    presented: int | None = None

    @property
    def is_black(self) -> bool:
        """Video black is luma 16 and below; a codec adds a little noise."""
        return self.luma < 24 and self.spread < 6

    @property
    def age_ms(self) -> int | None:
        """The latency in ms, from drawing at the sender to showing on this page. None for a picture without a stamp."""
        return None if self.stamp is None else self.stamp.age_ms(self.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioReading:
    """The sound of one playing stream: level of the expected tone, middle level and loudest tone of the voice band."""

    level_db: float
    beside_db: float
    floor_db: float
    peak_hz: float
    bin_hz: float

    @property
    def carries_tone(self) -> bool:
        """Whether the tone is heard, also beside other voices: it stands out of the band and of its neighbourhood.

        A full sine lies near -15 dB here and Opus comfort noise below -90. The analyser's Blackman window has fallen
        by far more than 10 dB five bins from a sine, and the next actor's tone is ten bins away.
        """
        stands_out = self.level_db - self.floor_db > 15 and self.level_db - self.beside_db > 10
        return self.level_db > -70 and stands_out


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPath:
    """The path of media: `protocol` udp or tcp (the relay's, where there is one), and both ends' candidate types."""

    protocol: str
    local: str
    remote: str
    round_trip_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCounters:
    """Counters of the receiving side, summed over all connections; a sum may fall when a connection is replaced.

    `acknowledged` are packets of this page's own that the other side has reported to have.
    """

    video_packets: int = 0
    audio_packets: int = 0
    frames_received: int = 0
    frames_decoded: int = 0
    concealed: int = 0
    lost: int = 0
    received_bytes: int = 0
    acknowledged: int = 0

    def since(self, earlier: MediaCounters) -> MediaCounters:
        """The difference, never below zero: a counter that went back has begun anew."""
        return MediaCounters(**{name: max(0, getattr(self, name) - getattr(earlier, name)) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSample:
    """One sample. `ice` is the best state of all connections, "" without any; `described`: an offer was seen,
    `answered`: the other side has described its part as well.

    `lost_ms`: since the sample before, the time in which the page could not be looked at, as nothing ran on it.
    """

    at_ms: int
    own_id: int
    shown: int
    pictures: tuple[VideoReading, ...]
    sounds: tuple[AudioReading, ...]
    peers: int
    ice: str
    described: bool
    answered: bool
    counters: MediaCounters
    path: MediaPath | None
    marks: Mapping[str, float]
    ice_facts: IceFacts = field(default_factory=IceFacts)
    lost_ms: float = 0.0


# From bad to good: a page with several connections is judged by its best one.
ICE_ORDER = ("closed", "failed", "disconnected", "new", "checking", "connected", "completed")


def read_media_sample(*answers: Mapping[str, Any]) -> MediaSample:
    """The answers of probe.js in the frames of a page at one time, as one sample: a call, its pictures and its sounds
    need not be in the same frame."""
    peers: Sequence[Mapping[str, Any]] = [peer for answer in answers for peer in answer["peers"]]
    open_peers = [peer for peer in peers if peer["ice"] != "closed"] or peers
    states = sorted((peer["ice"] for peer in open_peers), key=ICE_ORDER.index)
    paths = [peer["path"] for peer in open_peers if peer["path"]]
    pictures = [_picture(picture) for answer in answers for picture in answer["pictures"]]
    return MediaSample(
        at_ms=max(int(answer["at_ms"]) for answer in answers),
        own_id=max(int(answer["own_id"]) for answer in answers),
        shown=sum(int(answer["shown"]) for answer in answers),
        pictures=tuple(sorted(pictures, key=lambda picture: picture.at_ms)),
        sounds=tuple(AudioReading(**sound) for answer in answers for sound in answer["sounds"]),
        peers=len(peers),
        ice=states[-1] if states else "",
        described=any(peer["described"] for peer in peers),
        answered=any(peer["answered"] for peer in peers),
        counters=read_counters(peers),
        path=MediaPath(**paths[-1]) if paths else None,
        marks=_marks(answers),
        ice_facts=read_ice([peer["way"] for peer in open_peers]),
        lost_ms=min(float(answer["lost_ms"]) for answer in answers),
    )


def _marks(answers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The marks of the frame with the call, and those that only other frames have, by its clock: ms since its
    navigation began."""
    first, *others = sorted(answers, key=lambda answer: (not answer["peers"], -len(answer["pictures"])))
    marks = {**first["marks"], **({"page_ms": first["page_ms"]} if first["page_ms"] else {})}
    for other in others:
        for name, at_ms in other["marks"].items():
            marks.setdefault(name, at_ms + other["origin_ms"] - first["origin_ms"])
    return marks


def read_counters(peers: Sequence[Mapping[str, Any]]) -> MediaCounters:
    """The counters of each connection that probe.js returned, summed; a closed connection counts nothing."""
    return MediaCounters(**{name: sum(int(peer[name]) for peer in peers) for name in MediaCounters.__slots__})


def _picture(row: Mapping[str, Any]) -> VideoReading:
    stamp = decode(int(row["bits"], 2))
    return VideoReading(
        at_ms=int(row["at_ms"]),
        stamp=stamp,
        luma=float(row["luma"]),
        spread=float(row["spread"]),
        source=str(row["source"]),
        presented=None if row["presented"] is None else int(row["presented"]),
    )
