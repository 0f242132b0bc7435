"""All looks at a page so far, sorted out for one question: does this actor see and hear that one now?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firstbell.journeys.media.camera import Signature
from firstbell.journeys.media.look import MediaCounters, MediaSample, VideoReading

# Enough to say "now": at 15 frames a second, six fresh stamps take 0.4 s, and no still picture makes two.
SPAN_WANTED_MS = 330
# Only what was shown lately counts; older pictures wait in the page since before anybody asked.
LATELY_MS = 3000
# A live picture older than this is a recording or a queue, not a class.
OLDEST_MS = 5000
UP = ("connected", "completed")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaObservation:
    """All looks so far, sorted out for one question: does the observer see and hear the expected one?"""

    expected: Signature
    looks: Sequence[MediaSample]

    @property
    def now_ms(self) -> int:
        """The page's clock at the last look."""
        return self.looks[-1].at_ms

    @property
    def theirs(self) -> list[VideoReading]:
        """Pictures signed by the expected actor, oldest first."""
        return [picture for picture in self._pictures() if _signer(picture) == self.expected.actor_id]

    @property
    def others(self) -> list[VideoReading]:
        """Recent pictures that are neither the observer's own nor the expected actor's."""
        ours = {self.expected.actor_id, self.looks[-1].own_id}
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
        """Whether the newest picture of all is a fresh one of the expected actor."""
        fresh, others = self.fresh, self.others
        return bool(fresh) and not (others and others[-1].at_ms > fresh[-1].at_ms + SPAN_WANTED_MS)

    @property
    def counted(self) -> MediaCounters:
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

    @property
    def is_connected(self) -> bool:
        """Whether ICE has found a way, and holds it."""
        return self.looks[-1].ice in UP

    @property
    def no_route_ms(self) -> int:
        """For how long a call has been described, and no way was found for it; 0 where one was."""
        described = [look for look in self.looks if look.peers and look.described]
        if not described or any(look.ice in UP for look in described):
            return 0
        return self.now_ms - described[0].at_ms

    def _pictures(self) -> list[VideoReading]:
        return [picture for look in self.looks for picture in look.pictures]

    def _recent(self) -> list[VideoReading]:
        return [picture for picture in self._pictures() if picture.at_ms >= self.now_ms - LATELY_MS]


def _signer(picture: VideoReading) -> int | None:
    return picture.stamp.actor_id if picture.stamp else None


def _sent(picture: VideoReading) -> int | None:
    return picture.stamp.sent_ms if picture.stamp else None
