"""`firstbell watch`: the service. On a terminal it prints one line for each run; elsewhere it logs JSON."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from firstbell.runner.app.build import config_at
from firstbell.runner.cli.console import console, counted, errors_as_sentences
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.practice.running_school import announce_school, withdraw_school
from firstbell.runner.cli.render.run_text import service_text
from firstbell.runner.execution.runs.reporter import Reporter, SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker, PracticeAddress
from firstbell.runner.schedule.slot_state import MissedReason, in_words
from firstbell.runner.watch.generation import Generation
from firstbell.runner.watch.planner import UnwatchedPeriod
from firstbell.runner.watch.service import watch as keep_watching

LOOK_AHEAD = timedelta(days=7)


@click.command()
@CONFIG_OPTION
def watch(config_file: Path | None) -> None:
    """Run every journey on its schedule, until stopped.

    SIGTERM or Ctrl-C stops after the current runs, a second one at once. SIGHUP, or a change of the file, reloads the
    configuration.
    """
    out = console()
    observer = ConsoleObserver(out) if out.is_terminal else LogObserver()
    with errors_as_sentences():
        try:
            keep_watching(config_at(config_file, Path.cwd()), observer)
        finally:
            observer.school.withdraw()


class _OwnSchool:
    """The practice school of this service, which `firstbell practice break` in the same folder switches."""

    def __init__(self) -> None:
        self._token = ""

    def announce(self, school: PracticeAddress | None) -> None:
        """Tells other terminals where the school is; a folder that cannot be written does not stop the service."""
        if school is not None and school.token != self._token:
            with suppress(OSError):
                announce_school(school.control, school.token)
                self._token = school.token

    def withdraw(self) -> None:
        """Tells them that it is closed."""
        if self._token:
            withdraw_school(self._token)


class LogObserver:
    """An observer that prints nothing: the log has everything."""

    def __init__(self) -> None:
        self.school = _OwnSchool()

    def opened(self, generation: Generation, workers: int) -> None:
        """Prints nothing; tells other terminals where the practice school is."""
        del workers
        self.school.announce(generation.runtime.setup.practice)

    def reporter(self) -> Reporter:
        """Returns a reporter that prints nothing."""
        return SilentReporter()

    def unwatched(self, gap: UnwatchedPeriod) -> None:
        """Prints nothing."""

    def refused(self, message: str) -> None:
        """Prints nothing."""

    def closing(self) -> None:
        """Prints nothing."""


class ConsoleObserver:
    """Prints the service on a terminal: one line for each run, and for each event that needs attention."""

    def __init__(self, out: Console) -> None:
        self.school = _OwnSchool()
        self._out = out
        self._zone = ZoneInfo("UTC")
        self._lock = threading.Lock()

    def opened(self, generation: Generation, workers: int) -> None:
        """Prints the number of journeys, the locations, broken files and the next slot."""
        runtime = generation.runtime
        self.school.announce(runtime.setup.practice)
        self._zone = runtime.zone
        journeys, now = len(generation.timetable.rhythms), datetime.now(UTC)
        self._print(
            f"watching {counted(journeys, 'journey')} from {', '.join(runtime.locations)} "
            f"with {counted(workers, 'worker')}, times in {self._zone.key}",
            "told",
        )
        for broken in generation.broken:
            self._print(f"{broken.file}:{broken.line}: {broken.cause}", "failed")
        due = generation.timetable.due(now, now + LOOK_AHEAD)
        if due:
            at = due[0].at.astimezone(self._zone)
            self._print(f"next: {due[0].journey} at {at:%a %H:%M:%S} ({due[0].phase.value})", "quiet")
        else:
            self._print("no slots in the next week; see why with: firstbell schedule", "errored")

    def reporter(self) -> Reporter:
        """Returns a reporter for one run: runs overlap."""
        return _RunLineReporter(self)

    def ended(self, result: RunResult) -> None:
        """Prints one line for one run."""
        run, broke = result.run, result.document.broke
        word = "flaky" if run.flaky else run.outcome.value
        style = "errored" if run.flaky else run.outcome.value
        line = Text.assemble(
            (f"{run.started_at.astimezone(self._zone):%H:%M:%S}  ", "quiet"),
            f"{run.journey:<20} ",
            (f"{word.upper() if word == 'failed' else word:<8}", style),
            (f"{result.document.took_s:6.1f} s  {run.id[-6:]}", "quiet"),
        )
        if broke is not None:
            line.append(f'  at "{broke.step}" ({service_text(broke.service, broke.owner)}): {broke.said}', style)
        elif run.last.ending is not None:
            line.append(f"  {result.document.attempts[-1].said}", style)
        for more in (run.note, *result.problems):
            line.append(f"  {more}" if more else "", "quiet")
        with self._lock:
            self._out.print(line)

    def unwatched(self, gap: UnwatchedPeriod) -> None:
        """Prints one line for all slots that were missed while the service was stopped."""
        since, until = (f"{at.astimezone(self._zone):%a %H:%M}" for at in (gap.since, gap.until))
        why = in_words(MissedReason.UNWATCHED)
        self._print(f"missed {counted(gap.slots, 'slot')} between {since} and {until}: {why}", "missed")

    def refused(self, message: str) -> None:
        """Prints why a new configuration cannot be used."""
        self._print(f"the new configuration cannot be used; the old one stays in use:\n{message}", "failed")

    def closing(self) -> None:
        """Prints that the service stops."""
        self._print("stopping after the current runs; press Ctrl-C again to stop at once", "quiet")

    def _print(self, text: str, style: str) -> None:
        with self._lock:
            self._out.print(Text(text, style))


class _RunLineReporter:
    """Prints one run when it has ended."""

    def __init__(self, observer: ConsoleObserver) -> None:
        self._observer = observer

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Prints nothing yet."""

    def heard(self, message: FromWorker) -> None:
        """Prints nothing yet."""

    def ended(self, result: RunResult) -> None:
        """Prints the line."""
        self._observer.ended(result)
