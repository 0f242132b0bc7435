"""What one run, or one slot that was not run, says: the same for a service and for whether it can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum

from runner.alarms.health import Look, Sign
from runner.alarms.part import Part
from runner.outcome import Outcome


class Track(Enum):
    """What a look is about: a service, or whether the journey can be judged."""

    SERVICE = "service"
    SIGHT = "sight"


class PartOutcome(StrEnum):
    """What was heard of a part of First Bell, or that nothing is to be heard any more."""

    HEARD = "heard"
    SILENT = "silent"
    RETIRED = "retired"


_SIGHT: Mapping[Outcome | PartOutcome, Sign] = {
    Outcome.PASSED: Sign.FINE,
    Outcome.FAILED: Sign.FINE,
    PartOutcome.HEARD: Sign.FINE,
    PartOutcome.SILENT: Sign.BROKEN,
    Outcome.SKIPPED: Sign.SILENT,
}
"""What an outcome says about whether we can see; all others leave a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
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

    def look(self, track: Track) -> Look:
        """The verdict as a look of one track."""
        about = self.service if track is Track.SERVICE else ""
        return Look(location=self.location, at=self.at, sign=self._sign(track), about=about)

    def _sign(self, track: Track) -> Sign:
        if track is Track.SIGHT:
            return Sign.BROKEN if self.is_private else _SIGHT.get(self.outcome, Sign.DOUBTFUL)
        if self.outcome is Outcome.PASSED:
            return Sign.FINE
        if self.outcome is Outcome.FAILED:
            return Sign.BROKEN if self.confirmed else Sign.DOUBTFUL
        return Sign.SILENT
