"""What one run, or one slot that was not run, says: the same for a service and for whether it can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from runner.alarms.health import Look, Sign


class Track(Enum):
    """What a look is about: a service, or whether the journey can be judged."""

    SERVICE = "service"
    SIGHT = "sight"


_SIGHT: Mapping[str, Sign] = {
    "passed": Sign.FINE,
    "failed": Sign.FINE,
    "heard": Sign.FINE,
    "silent": Sign.BROKEN,
    "skipped": Sign.SILENT,
}
"""What an outcome says about whether we can see; all others leave a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one run, or one slot that was not run, says. `service` is whose step failed; empty unless it failed.

    The outcomes of runs and slots are joined by two about First Bell's own parts (a channel, a watch elsewhere), which
    stand in for a journey under a name with a space in it: `silent` where one gives no answer, `heard` when it does.
    """

    journey: str
    location: str
    at: datetime
    outcome: str
    confirmed: bool = False
    service: str = ""
    owner: str = ""
    actor: str = ""
    step: str = ""
    said: str = ""
    run_id: str = ""

    def look(self, track: Track) -> Look:
        """The verdict as a look of one track."""
        about = self.service if track is Track.SERVICE else ""
        return Look(location=self.location, at=self.at, sign=self._sign(track), about=about)

    def _sign(self, track: Track) -> Sign:
        if track is Track.SIGHT:
            return Sign.BROKEN if self.is_privacy else _SIGHT.get(self.outcome, Sign.DOUBTFUL)
        if self.outcome == "passed":
            return Sign.FINE
        if self.outcome == "failed":
            return Sign.BROKEN if self.confirmed else Sign.DOUBTFUL
        return Sign.SILENT

    @property
    def is_privacy(self) -> bool:
        """Somebody was in a class who is not ours: the operator is told the first time."""
        return self.outcome == "errored" and self.said.startswith("privacy:")
