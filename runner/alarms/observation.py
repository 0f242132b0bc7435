"""An observation: what one run, or one slot without a run, says about a service and about whether it can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum

from firstbell.runner.alarms.journey_health import HealthSample, SampleResult
from firstbell.runner.alarms.part import Part
from firstbell.runner.outcome import Outcome


class Track(Enum):
    """Subject of a sample: a service, or whether the journey can be judged. The values are stored."""

    SERVICE = "service"
    VISIBILITY = "sight"


class PartOutcome(StrEnum):
    """Outcome of a check of a part of First Bell, or the end of watching a part or journey."""

    WORKING = "working"
    FAILING = "failing"
    REMOVED = "removed"


_VISIBILITY: Mapping[Outcome | PartOutcome, SampleResult] = {
    Outcome.PASSED: SampleResult.PASSED,
    Outcome.FAILED: SampleResult.PASSED,
    PartOutcome.WORKING: SampleResult.PASSED,
    PartOutcome.FAILING: SampleResult.BROKEN,
    Outcome.SKIPPED: SampleResult.NOT_JUDGED,
}
"""Outcome -> sample about visibility, whether the journey can be judged; any other counts as unconfirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The facts of one run or of one slot without a run. `service` is that of the failed step; empty if none failed.

    `part` is set where a part of First Bell (a channel, the service at another location) is observed under its name.
    `is_private`: an unexpected person was in the class, which opens the operator's incident the first time.
    `under_construction`: the journey has never passed at this location, so that its failure says nothing yet.
    `passed_steps`: counts of passes of each step (actor, title), the least of all attempts.
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
    problem: str = ""
    run_id: str = ""
    part: Part | None = None
    is_private: bool = False
    under_construction: bool = False
    passed_steps: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def sample(self, track: Track) -> HealthSample:
        """Returns the observation as a sample of one track."""
        about = self.service if track is Track.SERVICE else ""
        return HealthSample(location=self.location, at=self.at, result=self._result(track), about=about)

    def _result(self, track: Track) -> SampleResult:
        if self.under_construction and not self.is_private:
            return SampleResult.NOT_JUDGED
        if track is Track.VISIBILITY:
            return SampleResult.BROKEN if self.is_private else _VISIBILITY.get(self.outcome, SampleResult.UNCONFIRMED)
        if self.outcome is Outcome.PASSED:
            return SampleResult.PASSED
        if self.outcome is Outcome.FAILED:
            return SampleResult.BROKEN if self.confirmed else SampleResult.UNCONFIRMED
        return SampleResult.NOT_JUDGED
