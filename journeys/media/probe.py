"""The media probe: samples an actor's page until another actor is proved to be seen and heard, or time is up."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstbell.journeys.media.figures import CallSample, read_samples
from firstbell.journeys.media.observation import MediaObservation
from firstbell.journeys.media.proof import MediaFault, MediaProof, conclude, fault_of, is_certain, is_proved
from firstbell.journeys.media.sample import MediaCounters, MediaSample, read_counters, read_media_sample

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

    from firstbell.journeys.media.camera import Signature

# The longest that the page may take to answer while nothing happens on it.
SCRIPT_TIMEOUT_MS = 250
# Samples kept: the first, for the deltas, and this many of the latest. A picture that froze longer ago stays frozen.
SAMPLES_KEPT = 400

SAMPLE_CALL = 'asked => window[Symbol.for("firstbell")]?.news?.(asked) ?? null'
STILLS_CALL = 'actor => window[Symbol.for("firstbell")]?.stills?.(actor) ?? []'
COUNTED_CALL = '() => window[Symbol.for("firstbell")]?.counted?.() ?? []'
SAMPLES_CALL = '() => window[Symbol.for("firstbell")]?.samples?.() ?? []'


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A small picture (JPEG) that carries the observed actor's signature, as shown at `at_ms` of the page's clock."""

    at_ms: float
    jpeg: bytes


def probe_script() -> str:
    """The init script that goes into every frame beside the camera's."""
    return f"({Path(__file__).with_name('probe.js').read_text()})();"


class MediaProbe:
    """Samples the pictures and sounds of one page, its frames included."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._observed: Signature | None = None

    def expect(self, expected: Signature, *, observer: str, observed: str, within_s: float) -> MediaProof:
        """Sample until it is proved, is certain to be broken, or `within_s` seconds have passed.

        Raises Playwright's errors, and LookupError for a page that the probe is not in.
        """
        began = time.monotonic()
        self._observed = expected
        samples: list[MediaSample] = []
        ice_failed_since: int | None = None
        fault: MediaFault | None = None
        fault_since = 0
        while True:
            sample = self._sample(expected.tone_hz, anew=not samples)
            samples = [*samples[:1], *samples[1:][-SAMPLES_KEPT:], sample]
            observation = MediaObservation(expected=expected, samples=samples)
            waited_s = time.monotonic() - began
            ice_failed_since = (ice_failed_since or sample.at_ms) if sample.ice == "failed" else None
            failed_for_ms = sample.at_ms - ice_failed_since if ice_failed_since else 0
            if is_proved(observation):
                return conclude(observation, observer=observer, observed=observed, waited_s=waited_s)
            before, fault = fault, fault_of(observation)[0]
            fault_since = fault_since if fault is before else sample.at_ms
            if waited_s >= within_s or is_certain(observation, failed_for_ms, sample.at_ms - fault_since):
                return conclude(observation, observer=observer, observed=observed, waited_s=waited_s)

    def stills(self) -> tuple[Still, ...]:
        """The first and the last picture that the last samples compared; empty where no signed picture was shown."""
        if self._observed is None:
            return ()
        actor_id = self._observed.actor_id
        answers: list[list[dict[str, Any]]] = [frame.evaluate(STILLS_CALL, actor_id) for frame in self._page.frames]
        found = next((answer for answer in answers if answer), [])
        return tuple(Still(at_ms=still["at_ms"], jpeg=base64.b64decode(still["jpeg"])) for still in found)

    def counted(self) -> MediaCounters:
        """The current counters of all connections of the page. Raises Playwright's errors."""
        return read_counters([peer for frame in self._page.frames for peer in frame.evaluate(COUNTED_CALL)])

    def samples(self) -> list[CallSample]:
        """The counters of the page's calls over time; empty without a call."""
        longest: list[dict[str, Any]] = max(
            (frame.evaluate(SAMPLES_CALL) for frame in self._page.frames), key=len, default=[]
        )
        return read_samples(longest)

    def _sample(self, tone_hz: float, *, anew: bool) -> MediaSample:
        """A sample of the frame with the call, or of the main frame while there is none."""
        asked = {"toneHz": tone_hz, "waitMs": SCRIPT_TIMEOUT_MS, "anew": anew}
        answers = [answer for frame in self._page.frames if (answer := _ask(frame, asked))]
        if not answers:
            raise LookupError(f"nothing can be seen on {self._page.url.split('?')[0]}: the page has no probe")
        return read_media_sample(max(answers, key=lambda answer: (bool(answer["peers"]), len(answer["pictures"]))))


def _ask(frame: Frame, asked: dict[str, Any]) -> dict[str, Any] | None:
    answer: dict[str, Any] | None = frame.evaluate(SAMPLE_CALL, asked)
    return answer
