"""Progress of a rehearsal: the capacity of this machine, the phase of each participant, and the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.capacity import busy_of
from firstbell.runner.rehearsal.document import RehearsalDocument, RehearsalOutcome
from firstbell.runner.rehearsal.processes.protocol import ActorLeft, CapacityMeasured, FromPlayers
from firstbell.runner.rehearsal.run import ProgressListener, RehearsalPlan
from firstbell.runner.rehearsal.transcript import Transcript

STYLES = {RehearsalOutcome.GO: "passed", RehearsalOutcome.NO_GO: "failed", RehearsalOutcome.LIMITED: "errored"}
WORDS = {RehearsalOutcome.GO: "GO", RehearsalOutcome.NO_GO: "NO-GO", RehearsalOutcome.LIMITED: "NO RESULT"}
MARKS = {True: ("✓", "passed"), False: ("✗", "failed"), None: ("?", "errored")}
PHASES = ("waiting", "joining", "in class", "left", "failed")


def as_text(message: str, style: str = "") -> Text:
    """Text from outside, without markup and without control characters."""
    return Text("".join(letter if letter.isprintable() or letter == "\n" else " " for letter in message), style)


class SilentProgress:
    """Prints nothing: the JSON document has everything."""

    def measured(self, found: CapacityMeasured, can: int, *, cores: int, ramp_s: float) -> None:
        """Prints nothing."""

    def waits(self, begins: datetime) -> None:
        """Prints nothing."""

    @contextmanager
    def playing(self, plan: RehearsalPlan) -> Iterator[ProgressListener]:
        """Prints nothing."""
        del plan
        yield lambda _message, _transcript: None

    def result(self, document: RehearsalDocument) -> None:
        """Prints nothing."""

    def outputs(self, files: Sequence[Path]) -> None:
        """Prints nothing."""


class ConsoleProgress:
    """Prints progress on a console: a bar on a terminal, and a line for each participant."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def measured(self, found: CapacityMeasured, can: int, *, cores: int, ramp_s: float) -> None:
        """Prints what one student costs on this machine, and how many it can carry."""
        cost = found.cost
        self._out.print(
            f"This machine can play about {can} students who join within {ramp_s:g} s: a student costs "
            f"{cost.arriving_s:.1f} processor seconds to join, {cost.staying_share:.0%} of a core to stay and "
            f"{cost.memory_mib:.0f} MiB; other programs use {found.others_cores:.1f} of its {cores} cores",
            style="quiet",
        )

    def waits(self, begins: datetime) -> None:
        """Prints the time of the start."""
        self._out.print(as_text(f"begins at {begins:%a %H:%M:%S %Z}", "quiet"))

    @contextmanager
    def playing(self, plan: RehearsalPlan) -> Iterator[ProgressListener]:
        """Returns a listener that follows the rounds."""
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[where]}"))
        progress = Progress(*columns, TimeElapsedColumn(), console=self._out, disable=not self._out.is_terminal)
        with progress:
            task = progress.add_task("the round begins", total=plan.rounds * plan.students, where="")
            gone = 0
            guests = {arrival.actor for arrival in plan.arrivals if arrival.is_guest}

            def listen(message: FromPlayers, transcript: Transcript) -> None:
                nonlocal gone
                counts = transcript.counts()
                where = ", ".join(f"{counts[name]} {name}" for name in PHASES if counts.get(name))
                if isinstance(message, ActorLeft) and message.actor in guests:
                    gone += 1
                progress.update(
                    task, description=f"round {transcript.round} of {plan.rounds}", completed=gone, where=where
                )
                if isinstance(message, ActorLeft):
                    self._left(transcript, message.actor)

            yield listen

    def _left(self, transcript: Transcript, actor: str) -> None:
        person = transcript.so_far(actor)
        is_well = person.outcome == Outcome.PASSED
        took_s = sum(step.took_s for step in person.steps)
        latency = next((sample.latency_ms for sample in reversed(person.looks) if sample.latency_ms is not None), None)
        media = f"  saw and heard the host, latency {latency:.0f} ms" if latency is not None and is_well else ""
        self._out.print(
            Text.assemble(
                ("  ✓ " if is_well else "  ✗ ", person.outcome),
                f"{actor:<12}",
                (f"{took_s:6.1f} s{media}", "quiet"),
                as_text(f"  {person.said}" if person.said else "", person.outcome),
            ),
            soft_wrap=True,
        )

    def result(self, document: RehearsalDocument) -> None:
        """Prints the result, then the figures that it rests on."""
        record, style = document.record, STYLES[document.verdict]
        host = next((f", {person.role}" for person in record.host_rows), "")
        people = f"{record.students} {record.guest}s{host}, within {record.ramp_s:g} s"
        rounds = f", {record.rounds} times" if record.rounds > 1 else ""
        word = (f"{WORDS[document.verdict]:<6}  ", style)
        self._out.print(Text.assemble(word, as_text(f"{record.journey}, {people}{rounds}")))
        self._criteria(document)
        busy = f"CPU {busy_of(record.samples):.0%}"
        limit = f"this machine was the limit: {document.limit}" if document.limit else "this machine was not the limit"
        if document.limit and document.verdict is RehearsalOutcome.GO:
            limit = f"this machine was the limit, but every criterion was met: {document.limit}"
        self._out.print(as_text(f"    {limit} ({busy})", "errored" if document.limit else "quiet"))
        others = [person.played_with for person in record.people if person.played_with not in {"", record.browser}]
        if others:
            self._out.print(as_text(f"    {len(others)} of {len(record.people)} used a device: {others[0]}", "quiet"))
        for row in record.counted:
            mark = "" if row.agrees else " (DIFFERENT)"
            why = f" (within {row.tolerance}: {row.said})" if row.tolerance else ""
            line = f"    {row.title}: {row.measured}, practice school: {row.counted}{mark}{why}"
            self._out.print(as_text(line, "quiet" if row.agrees else "failed"))
        self._compared(document)
        if document.verdict is not RehearsalOutcome.GO:
            self._out.print(as_text(f"  {document.said}", style), soft_wrap=True)

    def outputs(self, files: Sequence[Path]) -> None:
        """Prints the paths of the files."""
        self._out.print(as_text("  " + "  ".join(str(file) for file in files), "quiet"), soft_wrap=True)

    def _criteria(self, document: RehearsalDocument) -> None:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for criterion in document.criteria:
            mark, style = MARKS[None if criterion.is_own and not criterion.is_met else criterion.is_met]
            measured, required = as_text(criterion.measured), as_text(f"required {criterion.wanted}")
            note = as_text(criterion.said, "quiet")
            table.add_row(Text(f"  {mark}", style), as_text(criterion.title), measured, required, note)
        self._out.print(table)

    def _compared(self, document: RehearsalDocument) -> None:
        if (found := document.comparison) is None:
            return
        changed = [row for row in found.rows if row.change in {"better", "worse"}]
        summary = "all within noise" if not changed else f"{len(changed)} changed"
        self._out.print(as_text(f"    compared with {found.previous} ({found.said}): {summary}", "quiet"))
        for row in changed:
            line = f"      {row.change}: {row.title} {row.before} → {row.now} ({row.test}, p {row.p:.3f})"
            self._out.print(as_text(line, "passed" if row.change == "better" else "failed"))
