"""A run as it is told: line by line while it plays, and the same lines again from history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """What one line of a run shows."""

    actor: str
    title: str
    took_s: float
    ending: str | None
    said: str


def header(journey: str, location: str, attempt: int, clock: str) -> Text:
    """The first line of an attempt."""
    left = f"{journey:<12} from {location}   attempt {attempt}"
    return Text.assemble((left, "told"), (f"{clock:>{max(2, 72 - len(left))}}", "quiet"))


def step_line(step: StepLine, *, after: str | None) -> Text:
    """One step. The actor's name is shown when somebody else acted before."""
    tick, style = OUTCOME_MARKS.get(step.ending, OUTCOME_MARKS["errored"])
    name = step.actor if step.actor != after else ""
    text = Text.assemble(
        (f"  {name:<{NAME_WIDTH}}", "who"),
        (f"{tick} ", style),
        f"{step.title:<{TITLE_WIDTH}}",
        (f"{step.took_s:5.1f} s", "quiet"),
    )
    if step.said:
        text.append(f"   {step.said}", style)
    return text


class ConsoleReporter:
    """Tells a run on the terminal: a spinner while a step runs, a tick and its time when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._last: str | None = None

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """The header line."""
        self._last = None
        if attempt > 1:
            self._hush()
            self._console.print("  once more, with a fresh browser and every recorder on", style="quiet")
        self._console.print(header(journey, location, attempt, f"{at.astimezone():%H:%M:%S}"))
        self._spin("setting the stage")

    def heard(self, message: FromWorker) -> None:
        """A spinner for a step that began, a line for one that ended."""
        if isinstance(message, StepBegan):
            self._spin(f"{message.step.actor} {message.step.title}")
        elif isinstance(message, StepEnded):
            record = message.record
            line = StepLine(
                actor=record.step.actor,
                title=record.step.title,
                took_s=record.took_s,
                ending=record.ending.kind.value if record.ending else None,
                said=record.ending.said if record.ending else "",
            )
            self._console.print(step_line(line, after=self._last))
            self._last = record.step.actor

    def ended(self, performed: RunResult) -> None:
        """What it came to, and where its evidence lies."""
        self._hush()
        for line in outcome_text(performed):
            self._console.print(line, soft_wrap=True)  # A path that is cut in two cannot be copied.
        self._console.print()

    def _hush(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _spin(self, what: str) -> None:
        if not self._console.is_terminal:
            return
        text = f"[quiet]{escape(what)}[/]"
        if self._status is None:
            self._status = self._console.status(text, spinner="dots")
            self._status.start()
        else:
            self._status.update(text)


def outcome_text(performed: RunResult) -> Sequence[Text]:
    """The closing lines of a run: outcome, where and whose, and the way to the evidence."""
    run, broke = performed.run, performed.document.broke
    said = performed.document.attempts[-1].said
    lines = [
        outcome_line(
            run.outcome.value,
            performed.document.took_s,
            broke.step if broke else "",
            owner_text(broke.service, broke.owner) if broke else "",
            said,
        ),
        Text.assemble(
            ("  evidence   ", "quiet"), f"{performed.evidence}/", (f"   firstbell show {run.id[-6:]}", "quiet")
        ),
    ]
    if found := performed.document.diagnosis:
        lines.insert(1, diagnosis_line(found.words, found.confidence, [one.said for one in found.because]))
    lines += [Text.assemble((f"  {kind:<11}", "quiet"), where) for kind, where in performed.open_first]
    lines += [Text(f"  {line}", "errored") for line in performed.problems]
    return lines


def diagnosis_line(words: str, confidence: str, because: Sequence[str]) -> Text:
    """What a failure comes to, in one line."""
    why = f"; {because[0]}" if because else ""
    return Text.assemble(("  because    ", "quiet"), f"{words} ", (f"(sure: {confidence}){why}", "quiet"))


def owner_text(service: str, owner: str) -> str:
    """A service and its owner, as far as they are known."""
    return ", ".join(part for part in (service, owner) if part)


def outcome_line(outcome: str, took_s: float, step: str, service: str, said: str) -> Text:
    """What a run came to, in one line."""
    if outcome == Outcome.PASSED:
        return Text(f"  PASSED in {took_s:.1f} s", "passed")
    if not step:
        return Text(f"  {outcome.upper()}: {said}", outcome)
    if outcome == Outcome.FAILED:
        return Text(f'  FAILED at "{step}"{f" ({service})" if service else ""}', outcome)
    return Text(f'  {outcome.upper()} at "{step}", which blames nobody: {said}', outcome)
