"""Result of the morning: each phase with its runs, the notices sent, and the text that parents would have read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from firstbell.runner.morning.scenario import MorningPhase
from firstbell.runner.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedRun:
    """One run, `at_s` seconds after its phase began. `diagnosis` is a sentence, empty if the run passed."""

    journey: str
    location: str
    at_s: float
    outcome: str
    service: str = ""
    diagnosis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedAlarm:
    """One notice as a receiver got it, `at_s` seconds after its phase began."""

    kind: str
    subject: str
    at_s: float


@dataclass(slots=True, kw_only=True)
class PhaseRecord:
    """One phase as it was played."""

    phase: MorningPhase
    lasted_s: float = 0.0
    runs: list[PlayedRun] = field(default_factory=list)
    alarms: list[ReceivedAlarm] = field(default_factory=list)
    parents: str = ""

    @property
    def blamed(self) -> tuple[str, ...]:
        """The services that the diagnoses of this phase blame."""
        return tuple(dict.fromkeys(run.service for run in self.runs if run.service))

    @property
    def is_as_expected(self) -> bool:
        """True if exactly the service at fault was blamed, and an alarm was sent exactly if there is one."""
        expected = (self.phase.blamed,) if self.phase.blamed else ()
        has_alarm = any(alarm.kind == "opened" for alarm in self.alarms)
        return self.blamed == expected and has_alarm == bool(expected)


def report_lines(records: Sequence[PhaseRecord]) -> Iterator[tuple[str, str]]:
    """Yields the morning as text, line by line with its style."""
    for record in records:
        yield f"{record.phase.clock}  {record.phase.title}", "strong"
        for run in record.runs:
            if run.diagnosis:
                yield f"      {run.journey} from {run.location}: {run.diagnosis}", run.outcome
        passed = [f"{run.journey} from {run.location}" for run in record.runs if run.outcome == Outcome.PASSED]
        if passed:
            yield f"      passed: {', '.join(dict.fromkeys(passed))}", "passed"
        for alarm in record.alarms:
            yield f"      + {alarm.at_s:.0f} s  {alarm.subject}", "failed" if alarm.kind == "opened" else "passed"
        for number, line in enumerate(record.parents.splitlines()):
            yield f"      {'parents   ' if number == 0 else '          '}{line}", "quiet"
        yield "", ""
