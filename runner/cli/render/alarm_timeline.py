"""The way from a fault to a telephone, leg by leg, as it was taken: for the demo and for the drill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.text import Text

from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker, StepEnded


@dataclass(slots=True)
class Timeline:
    """Moments in the order in which they came; a name that comes again keeps its first."""

    moments: dict[str, datetime] = field(default_factory=dict)

    def reached(self, name: str, at: datetime | None = None) -> None:
        """Something has come to pass."""
        self.moments.setdefault(name, at or datetime.now(UTC))

    def took_s(self, first: str, last: str) -> float | None:
        """Seconds from one to another; None where one is missing."""
        if first not in self.moments or last not in self.moments:
            return None
        return (self.moments[last] - self.moments[first]).total_seconds()

    def lines(self) -> Iterator[Text]:
        """One line for each: when, how long after the one before, and how long after the first."""
        first = last = None
        for name, at in self.moments.items():
            clock = f"{at.astimezone():%H:%M:%S.%f}"[:-4]
            step = "" if last is None else f"+ {(at - last).total_seconds():.2f} s"
            whole = "" if first is None else f"{(at - first).total_seconds():.2f} s"
            yield Text.assemble((f"  {clock}", "quiet"), f"  {name:<24}{step:>9}", (f"{whole:>11}", "quiet"))
            first, last = first or at, at


class TimelineReporter:
    """Tells a run to somebody else, and notes when its fault was first seen and when that was confirmed."""

    def __init__(self, reporter: Reporter, legs: Timeline) -> None:
        self._reporter = reporter
        self._legs = legs
        self._attempt = 0

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Passed on."""
        self._attempt = attempt
        self._reporter.began(journey, location, attempt, at)

    def heard(self, message: FromWorker) -> None:
        """Noted where a step has failed, and passed on."""
        if isinstance(message, StepEnded) and message.record.ending is not None:
            self._legs.reached("detected" if self._attempt == 1 else "confirmed")
        self._reporter.heard(message)

    def ended(self, performed: RunResult) -> None:
        """Passed on."""
        self._reporter.ended(performed)
