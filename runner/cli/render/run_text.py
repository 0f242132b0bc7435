"""Text of a run: line by line while it is under way, and the same lines again from history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from firstbell.labels import LABEL_WIDTH, Label
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker, StepBegan, StepEnded
from firstbell.runner.outcome import Outcome

OUTCOME_MARKS = {
    None: ("✓", "passed"),
    "failed": ("✗", "failed"),
    "errored": ("!", "errored"),
    "blind": ("?", "blind"),
    "skipped": ("-", "skipped"),
}
NAME_WIDTH = 9
TITLE_WIDTH = 32
UNJUDGED = "no service is blamed"
UNDER_CONSTRUCTION = (
    "it has never passed from here: no service is blamed and nobody is alarmed until it has passed once"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step of a run, as one line shows it."""

    actor: str
    title: str
    took_s: float
    ending: str | None
    message: str


def header(journey: str, location: str, attempt: int, clock: str) -> Text:
    """The first line of an attempt."""
    left = f"{journey:<12} from {location}   attempt {attempt}"
    return Text.assemble((left, "strong"), (f"{clock:>{max(2, 72 - len(left))}}", "quiet"))


def step_line(step: StepLine, *, after: str | None) -> Text:
    """One step. The actor's name is shown where the step before was another actor's."""
    mark, style = OUTCOME_MARKS.get(step.ending, OUTCOME_MARKS["errored"])
    name = step.actor if step.actor != after else ""
    text = Text.assemble(
        (f"  {name:<{NAME_WIDTH}}", "actor"),
        (f"{mark} ", style),
        f"{step.title:<{TITLE_WIDTH}}",
        (f"{step.took_s:5.1f} s", "quiet"),
    )
    if step.message:
        text.append(f"   {step.message}", style)
    return text


def fact_line(label: Label | str, fact: str, *, style: str = "", aside: str = "") -> Text:
    """One fact behind its label; an aside stands behind it in a quiet colour."""
    return Text.assemble((f"  {label:<{LABEL_WIDTH}}", "quiet"), (fact, style), (aside and f"   {aside}", "quiet"))


def outcome_line(outcome: str, took_s: float, step: str, message: str) -> Text:
    """The outcome of a run, in one line."""
    if outcome == Outcome.PASSED:
        return Text(f"  PASSED in {took_s:.1f} s", "passed")
    if not step:
        return Text(f"  {outcome.upper()}: {message}", outcome)
    reason = "" if outcome == Outcome.FAILED else f", {UNJUDGED}: {message}"
    return Text(f'  {outcome.upper()} at "{step}"{reason}', outcome)


def diagnosis_lines(found: Mapping[str, Any] | None, service: str) -> list[Text]:
    """The facts of a failure, in the order of their labels; without a diagnosis, the service alone. Of a journey under
    construction the service is a guess, and stands with the problem."""
    if found is None:
        return [fact_line(Label.SERVICE, service)] if service else []
    is_new, guess = found.get("under_construction"), found["service"] or "service not known"
    lines = [Text(f"  UNDER CONSTRUCTION: {UNDER_CONSTRUCTION}", "errored")] if is_new else []
    problem = f"perhaps {guess}: {found['words']}" if is_new else found["words"]
    lines.append(fact_line(Label.PROBLEM, problem))
    lines += [fact_line(Label.SERVICE, service)] if service else []
    lines.append(fact_line(Label.CONFIDENCE, found["confidence"]))
    lines += [fact_line(Label.REASONS, found["because"][0]["said"])] if found["because"] else []
    return lines


def service_text(service: str, owner: str) -> str:
    """A service and its owner, as far as they are known."""
    return ", ".join(part for part in (service, owner) if part)


class ConsoleReporter:
    """Prints a run on the terminal: a spinner while a step runs, a mark and its time when it has ended."""

    def __init__(self, console: Console, zone: ZoneInfo) -> None:
        self._console = console
        self._zone = zone
        self._status: Status | None = None
        self._last: str | None = None

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Prints the header line of an attempt."""
        self._last = None
        if attempt > 1:
            self._stop_spinner()
            self._console.print("  confirming the failure: a fresh browser, everything recorded", style="quiet")
        self._console.print(header(journey, location, attempt, f"{at.astimezone(self._zone):%H:%M:%S %Z}"))
        self._spin("preparing browser and accounts")

    def heard(self, message: FromWorker) -> None:
        """Shows a spinner for a step that began, and prints a line for one that ended."""
        if isinstance(message, StepBegan):
            self._spin(f"{message.step.actor} {message.step.title}")
        elif isinstance(message, StepEnded):
            record = message.record
            line = StepLine(
                actor=record.step.actor,
                title=record.step.title,
                took_s=record.took_s,
                ending=record.ending.kind.value if record.ending else None,
                message=record.ending.said if record.ending else "",
            )
            self._console.print(step_line(line, after=self._last))
            self._last = record.step.actor

    def ended(self, result: RunResult) -> None:
        """Prints the outcome, the diagnosis and the address of the evidence."""
        self._stop_spinner()
        for line in outcome_text(result):
            self._console.print(line, soft_wrap=True)  # A path that is cut in two cannot be copied.
        self._console.print()

    def _stop_spinner(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _spin(self, activity: str) -> None:
        if not self._console.is_terminal:
            return
        text = f"[quiet]{escape(activity)}[/]"
        if self._status is None:
            self._status = self._console.status(text, spinner="dots")
            self._status.start()
        else:
            self._status.update(text)


def outcome_text(result: RunResult) -> Sequence[Text]:
    """The closing lines of a run: outcome, diagnosis, and where the evidence is."""
    run, document = result.run, result.document
    broke, found = document.broke, document.diagnosis
    message = document.attempts[-1].said
    lines = [outcome_line(run.outcome.value, document.took_s, broke.step if broke else "", message)]
    if run.outcome is not Outcome.PASSED:
        service = service_text(broke.service, broke.owner) if broke and run.outcome is Outcome.FAILED else ""
        lines += diagnosis_lines(found.model_dump() if found else None, service)
    lines.append(fact_line(Label.EVIDENCE, f"{result.evidence}/", aside=f"firstbell show {run.id[-6:]}"))
    lines += [fact_line(kind.capitalize(), where) for kind, where in result.open_first]
    lines += [Text(f"  {line}", "errored") for line in result.problems]
    return lines
