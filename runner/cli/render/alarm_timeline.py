"""The moments between a fault and its notice, with the time between them: for the demo and for the drill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker, StepEnded


@dataclass(slots=True)
class Timeline:
    """Moments in their order; a name that is reached again keeps its first moment."""

    moments: dict[str, datetime] = field(default_factory=dict)

    def reached(self, name: str, at: datetime | None = None) -> None:
        """Records a moment, by default the present one."""
        self.moments.setdefault(name, at or datetime.now(UTC))

    def took_s(self, first: str, last: str) -> float | None:
        """Seconds from one moment to another; None where one is missing."""
        if first not in self.moments or last not in self.moments:
            return None
        return (self.moments[last] - self.moments[first]).total_seconds()

    def lines(self, zone: ZoneInfo) -> Iterator[Text]:
        """One line for each moment: clock time, seconds since the moment before, seconds since the first."""
        first = last = None
        for name, at in self.moments.items():
            clock = f"{at.astimezone(zone):%H:%M:%S.%f}"[:-4]
            step = "" if last is None else f"+ {(at - last).total_seconds():.2f} s"
            total = "" if first is None else f"{(at - first).total_seconds():.2f} s"
            yield Text.assemble((f"  {clock}", "quiet"), f"  {name:<24}{step:>9}", (f"{total:>11}", "quiet"))
            first, last = first or at, at


class TimelineReporter:
    """Passes a run on to another reporter, and records when its fault was detected and confirmed."""

    def __init__(self, reporter: Reporter, timeline: Timeline) -> None:
        self._reporter = reporter
        self._timeline = timeline
        self._attempt = 0

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Notes the number of the attempt."""
        self._attempt = attempt
        self._reporter.began(journey, location, attempt, at)

    def heard(self, message: FromWorker) -> None:
        """Records a failed step."""
        if isinstance(message, StepEnded) and message.record.ending is not None:
            self._timeline.reached("detected" if self._attempt == 1 else "confirmed")
        self._reporter.heard(message)

    def ended(self, result: RunResult) -> None:
        """Passes the result on."""
        self._reporter.ended(result)
