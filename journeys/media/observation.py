"""The samples of a page so far, sorted for one question: does this actor see and hear that one now?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from firstbell.journeys.media.camera import Signature
from firstbell.journeys.media.sample import MediaCounters, MediaSample, VideoReading

# A frame rate counted over less is a matter of chance: 4 to 36 were seen of a camera that sends 15.
SPAN_WANTED_MS = 1000
# A picture this old still says "now": a camera of 5 frames a second, read on a busy machine.
NEWEST_MS = 600
# A look comes every quarter of a second; after this the page was not looked at.
LOOK_WITHIN_MS = 1000
# Only recent pictures count; older ones have waited in the page since before the question.
LATELY_MS = 3000
# A live picture older than this is a recording or a queue, not a class.
OLDEST_MS = 5000
UP = ("connected", "completed")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaObservation:
    """All samples so far, sorted for one question: does the observer see and hear the expected actor?"""

    expected: Signature
    samples: Sequence[MediaSample]

    @property
    def now_ms(self) -> int:
        """The page's clock at the last sample."""
        return self.samples[-1].at_ms

    @property
    def theirs(self) -> list[VideoReading]:
        """Pictures signed by the expected actor, oldest first."""
        return [picture for picture in self._pictures() if _signer(picture) == self.expected.actor_id]

    @property
    def others(self) -> list[VideoReading]:
        """Recent pictures that are neither the observer's own nor the expected actor's."""
        ours = {self.expected.actor_id, self.samples[-1].own_id}
        return [picture for picture in self._recent() if _signer(picture) not in ours]

    @property
    def fresh(self) -> list[VideoReading]:
        """Recent and advancing pictures of the expected actor: one for each stamp."""
        fresh: list[VideoReading] = []
        for picture in self.theirs:
            age = picture.age_ms
            is_recent = picture.at_ms >= self.now_ms - LATELY_MS
            is_new = not fresh or _sent(picture) != _sent(fresh[-1])
            if age is not None and age <= OLDEST_MS and is_recent and is_new:
                fresh.append(picture)
        return fresh

    @property
    def is_live(self) -> bool:
        """Whether the newest picture of an element is a fresh one of the expected actor. Others may be shown beside."""
        if not (fresh := self.fresh):
            return False
        last = fresh[-1]
        return not any(other.source == last.source and other.at_ms > last.at_ms + NEWEST_MS for other in self.others)

    @property
    def shown(self) -> list[VideoReading]:
        """The fresh pictures of the one element that showed most of them: the same frame may be shown in several."""
        fresh = self.fresh
        sources = [picture.source for picture in fresh]
        return [picture for picture in fresh if picture.source == max(sources, key=sources.count)]

    @property
    def reads_per_s(self) -> float:
        """Readings of that element a second, also of frames that were read before."""
        if not (shown := self.shown):
            return 0.0
        first, last = shown[0].at_ms, shown[-1].at_ms
        times = [p.at_ms for p in self.theirs if p.source == shown[0].source and first <= p.at_ms <= last]
        return (len(times) - 1) * 1000 / (last - first) if last > first else 0.0

    @property
    def late_share(self) -> float:
        """The share of the last seconds, 0 to 1, in which the page or this process did not run: nothing was read."""
        before = [sample for sample in self.samples if sample.at_ms < self.now_ms - LATELY_MS]
        recent = [*before[-1:], *self.samples[len(before) :]]
        span_ms = self.now_ms - recent[0].at_ms
        lost_ms = sum(
            max(now.lost_ms, now.at_ms - before.at_ms - LOOK_WITHIN_MS, 0.0) for before, now in pairwise(recent)
        )
        return min(1.0, lost_ms / span_ms) if span_ms else 0.0

    @property
    def counted(self) -> MediaCounters:
        """The counters between the first and the last sample."""
        return self.samples[-1].counters.since(self.samples[0].counters)

    @property
    def window_s(self) -> float:
        """Seconds from the first sample to the last."""
        return (self.samples[-1].at_ms - self.samples[0].at_ms) / 1000

    @property
    def heard_hz(self) -> float | None:
        """The expected tone in Hz, if it is heard in the last sample."""
        for sound in self.samples[-1].sounds:
            if sound.carries_tone:
                near = abs(sound.peak_hz - self.expected.tone_hz) <= 2 * sound.bin_hz
                return sound.peak_hz if near else self.expected.tone_hz
        return None

    @property
    def still_ms(self) -> int:
        """Milliseconds for which the expected actor's picture has not changed; 0 if it was never seen."""
        if not self.theirs:
            return 0
        last = _sent(self.theirs[-1])
        since = next(picture.at_ms for picture in self.theirs if _sent(picture) == last)
        return self.now_ms - since

    @property
    def is_connected(self) -> bool:
        """Whether ICE has found a path and still has it."""
        return self.samples[-1].ice in UP

    @property
    def no_route_ms(self) -> int:
        """Milliseconds since a call was described, without a path found for it; 0 where one was found."""
        described = [sample for sample in self.samples if sample.peers and sample.described]
        if not described or any(sample.ice in UP for sample in described):
            return 0
        return self.now_ms - described[0].at_ms

    def _pictures(self) -> list[VideoReading]:
        return [picture for sample in self.samples for picture in sample.pictures]

    def _recent(self) -> list[VideoReading]:
        return [picture for picture in self._pictures() if picture.at_ms >= self.now_ms - LATELY_MS]


def _signer(picture: VideoReading) -> int | None:
    return picture.stamp.actor_id if picture.stamp else None


def _sent(picture: VideoReading) -> int | None:
    return picture.stamp.sent_ms if picture.stamp else None
