"""The media probe: samples an actor's pages until another actor is proved to be seen and heard, or time is up."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstbell.journeys.media.figures import CallSample, read_samples
from firstbell.journeys.media.frames import FrameGroup, Pages
from firstbell.journeys.media.judgement import conclude, fault_of, is_certain, is_proved
from firstbell.journeys.media.observation import MediaObservation
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.journeys.media.sample import MediaCounters, MediaSample, read_counters, read_media_sample

if TYPE_CHECKING:
    from firstbell.journeys.media.camera import Signature

# The longest that the page may take to answer while nothing happens on it.
SCRIPT_TIMEOUT_MS = 250
# Samples kept: the first, for the deltas, and this many of the latest. A picture that froze longer ago stays frozen.
SAMPLES_KEPT = 400

# In this order: each part uses what those before it give.
SCRIPT_PARTS = ("probe", "probe_elements", "probe_call", "probe_grid", "probe_picture", "probe_sound")

SAMPLE_CALL = 'asked => window[Symbol.for("firstbell")]?.news?.(asked) ?? null'
STILLS_CALL = 'actor => window[Symbol.for("firstbell")]?.stills?.(actor) ?? []'
COUNTED_CALL = '() => window[Symbol.for("firstbell")]?.counted?.() ?? []'
REFUSAL_CALL = """() => {
  const refusal = window[Symbol.for("firstbell")]?.refusal;
  return refusal ? `${location.host}: ${refusal}` : "";
}"""
SAMPLES_CALL = '() => window[Symbol.for("firstbell")]?.samples?.() ?? []'


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A small picture (JPEG) that carries the observed actor's signature, as shown at `at_ms` of the page's clock."""

    at_ms: float
    jpeg: bytes


def probe_script() -> str:
    """The init script that goes into every frame beside the camera's."""
    parts = ",\n".join(Path(__file__).with_name(f"{name}.js").read_text() for name in SCRIPT_PARTS)
    return f"""(() => {{
  const own = (window[Symbol.for("firstbell")] ??= {{}}), probe = {{}};
  if (!own.news) for (const part of [{parts}]) part(own, probe);
}})();"""


class MediaProbe:
    """Samples the pictures and sounds of an actor's pages, with all their frames. `pages` is asked at each look."""

    def __init__(self, pages: Pages) -> None:
        self._frames = FrameGroup(pages)
        self._observed: Signature | None = None

    def expect(self, expected: Signature, *, observer: str, observed: str, within_s: float) -> MediaProof:
        """Sample until it is proved, is certain to be broken, or `within_s` seconds have passed.

        Raises Playwright's errors, and LookupError for a page that the probe is not in or that does not answer.
        """
        began = time.monotonic()
        self._observed = expected
        samples: list[MediaSample] = []
        ice_failed_since: int | None = None
        fault: MediaFault | None = None
        fault_since = 0
        while True:
            answers = self._look(expected, anew=not samples)
            waited_s = time.monotonic() - began
            if not answers and waited_s < within_s:
                continue
            if not answers and not samples:
                raise LookupError(f"nothing can be seen: the page has not answered for {waited_s:.0f} s")
            sample = read_media_sample(*answers) if answers else samples[-1]
            samples = [*samples[:1], *samples[1:][-SAMPLES_KEPT:], sample]
            observation = MediaObservation(expected=expected, samples=samples)
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
        answers: list[list[dict[str, Any]]] = self._frames.ask(STILLS_CALL, self._observed.actor_id)
        found = next((answer for answer in answers if answer), [])
        return tuple(Still(at_ms=still["at_ms"], jpeg=base64.b64decode(still["jpeg"])) for still in found)

    def counted(self) -> MediaCounters:
        """The current counters of all connections of the pages. Raises Playwright's errors."""
        return read_counters([peer for peers in self._frames.ask(COUNTED_CALL) for peer in peers])

    def refusal(self) -> str:
        """The host whose last request for camera or microphone the browser refused, and the error's name; empty without
        one."""
        return next((answer for answer in self._frames.ask(REFUSAL_CALL) if answer), "")

    def samples(self) -> list[CallSample]:
        """The counters of the pages' calls over time; empty without a call."""
        longest: list[dict[str, Any]] = max(self._frames.ask(SAMPLES_CALL), key=len, default=[])
        return read_samples(longest)

    def _look(self, expected: Signature, *, anew: bool) -> list[dict[str, Any]]:
        """The answers of all frames that have the probe and are not idle, or of the main frame."""
        asked = {"toneHz": expected.tone_hz, "actorId": expected.actor_id, "waitMs": SCRIPT_TIMEOUT_MS, "anew": anew}
        return self._frames.ask(SAMPLE_CALL, asked, is_idle=lambda answer: bool(answer["is_idle"]))
