"""What one run, or one slot that was not run, says: the same for a service and for whether it can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum

from firstbell.runner.alarms.journey_health import HealthSample, SampleResult
from firstbell.runner.alarms.part import Part
from firstbell.runner.outcome import Outcome


class Track(Enum):
    """What a look is about: a service, or whether the journey can be judged."""

    SERVICE = "service"
    VISIBILITY = "sight"


class PartOutcome(StrEnum):
    """What was heard of a part of First Bell, or that nothing is to be heard any more."""

    HEARD = "heard"
    SILENT = "silent"
    RETIRED = "retired"


_VISIBILITY: Mapping[Outcome | PartOutcome, SampleResult] = {
    Outcome.PASSED: SampleResult.FINE,
    Outcome.FAILED: SampleResult.FINE,
    PartOutcome.HEARD: SampleResult.FINE,
    PartOutcome.SILENT: SampleResult.BROKEN,
    Outcome.SKIPPED: SampleResult.SILENT,
}
"""What an outcome says about whether we can see; all others leave a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one run, or one slot that was not run, says. `service` is whose step failed; empty unless it failed.

    `part` is given where a part of First Bell (a channel, the watch elsewhere) stands in for a journey, under its name.
    `is_private`: a stranger was in the class, so the operator is told the first time.
    """

    journey: str
    location: str
    at: datetime
    outcome: Outcome | PartOutcome
    confirmed: bool = False
    service: str = ""
    owner: str = ""
    actor: str = ""
    step: str = ""
    said: str = ""
    run_id: str = ""
    part: Part | None = None
    is_private: bool = False

    def look(self, track: Track) -> HealthSample:
        """The verdict as a look of one track."""
        about = self.service if track is Track.SERVICE else ""
        return HealthSample(location=self.location, at=self.at, sign=self._sign(track), about=about)

    def _sign(self, track: Track) -> SampleResult:
        if track is Track.VISIBILITY:
            return SampleResult.BROKEN if self.is_private else _VISIBILITY.get(self.outcome, SampleResult.DOUBTFUL)
        if self.outcome is Outcome.PASSED:
            return SampleResult.FINE
        if self.outcome is Outcome.FAILED:
            return SampleResult.BROKEN if self.confirmed else SampleResult.DOUBTFUL
        return SampleResult.SILENT
