"""What came of the morning: each scene with its runs, the notices that went out, and what parents would have read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from firstbell.runner.morning.scenario import MorningPhase
from firstbell.runner.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedRun:
    """One run, `at_s` seconds after its scene began. `said` is the diagnosis in words, empty where it passed."""

    journey: str
    location: str
    at_s: float
    outcome: str
    service: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedAlarm:
    """One notice as a receiver got it, `at_s` seconds after its scene began."""

    kind: str
    subject: str
    at_s: float


@dataclass(slots=True, kw_only=True)
class PhaseRecord:
    """One scene as it was played."""

    scene: MorningPhase
    lasted_s: float = 0.0
    played: list[PlayedRun] = field(default_factory=list)
    heard: list[ReceivedAlarm] = field(default_factory=list)
    parents: str = ""

    @property
    def blamed(self) -> tuple[str, ...]:
        """The services that were named in this scene."""
        return tuple(dict.fromkeys(one.service for one in self.played if one.service))

    @property
    def is_as_it_was(self) -> bool:
        """Whether those were named who were to blame, and an alarm went out where it should have."""
        wanted = (self.scene.blamed,) if self.scene.blamed else ()
        has_alarm = any(one.kind == "opened" for one in self.heard)
        return self.blamed == wanted and has_alarm == bool(wanted)


def report_lines(records: Sequence[PhaseRecord]) -> Iterator[tuple[str, str]]:
    """The morning as text: each line with the style it is shown in."""
    for record in records:
        yield f"{record.scene.clock}  {record.scene.title}", "strong"
        for played in record.played:
            if played.said:
                yield f"      {played.journey} from {played.location}: {played.said}", played.outcome
        well = [
            f"{played.journey} from {played.location}" for played in record.played if played.outcome == Outcome.PASSED
        ]
        if well:
            yield f"      passed: {', '.join(dict.fromkeys(well))}", "passed"
        for heard in record.heard:
            yield f"      + {heard.at_s:.0f} s  {heard.subject}", "failed" if heard.kind == "opened" else "passed"
        for number, line in enumerate(record.parents.splitlines()):
            yield f"      {'parents   ' if number == 0 else '          '}{line}", "quiet"
        yield "", ""
