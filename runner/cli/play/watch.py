"""`firstbell watch`: the service. On a terminal it tells each run in a line; elsewhere its log says all, as JSON."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from firstbell.runner.app.build import config_at
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.render.run_text import owner_text
from firstbell.runner.execution.runs.reporter import Reporter, SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker
from firstbell.runner.schedule.slot_state import MissedReason, in_words
from firstbell.runner.watch.generation import Generation
from firstbell.runner.watch.planner import UnwatchedPeriod
from firstbell.runner.watch.service import watch as keep_watching

LOOKED_AHEAD = timedelta(days=7)


@click.command()
@CONFIG_OPTION
def watch(config_file: Path | None) -> None:
    """Play every journey when it is due, until told to stop.

    SIGTERM or Ctrl-C stops when the runs in hand have ended, a second one at once; SIGHUP, or a change of the file,
    reads the configuration again.
    """
    out = console()
    with errors_as_sentences():
        keep_watching(config_at(config_file, Path.cwd()), ConsoleObserver(out) if out.is_terminal else LogObserver())


class LogObserver:
    """Watches the service by its log alone."""

    def opened(self, programme: Generation, workers: int) -> None:
        """Nothing."""

    def reporter(self) -> Reporter:
        """Nobody is told of a run."""
        return SilentReporter()

    def unwatched(self, gap: UnwatchedPeriod) -> None:
        """Nothing."""

    def refused(self, said: str) -> None:
        """Nothing."""

    def closing(self) -> None:
        """Nothing."""


class ConsoleObserver:
    """Tells the service to a person: a line for each run, and for whatever else they should know."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._zone = ZoneInfo("UTC")
        self._lock = threading.Lock()

    def opened(self, programme: Generation, workers: int) -> None:
        """What is watched, from where, and when the next run is due."""
        staging = programme.staging
        self._zone = staging.zone
        journeys, now = len(programme.timetable.rhythms), datetime.now(UTC)
        self._say(
            f"watching {_count(journeys, 'journey')} from {', '.join(staging.locations)} "
            f"with {_count(workers, 'worker')}, in the time of {self._zone.key}",
            "told",
        )
        for broken in programme.broken:
            self._say(f"{broken.file}:{broken.line}: {broken.cause}", "failed")
        due = programme.timetable.due(now, now + LOOKED_AHEAD)
        if due:
            at = due[0].at.astimezone(self._zone)
            self._say(f"next: {due[0].journey} at {at:%a %H:%M:%S} ({due[0].phase.value})", "quiet")
        else:
            self._say("nothing is due in the next week; firstbell schedule says why", "errored")

    def reporter(self) -> Reporter:
        """One for each run: runs overlap."""
        return _RunLineReporter(self)

    def ended(self, performed: RunResult) -> None:
        """One line for one run."""
        run, broke = performed.run, performed.document.broke
        word = "flaky" if run.flaky else run.outcome.value
        style = "errored" if run.flaky else run.outcome.value
        line = Text.assemble(
            (f"{run.started_at.astimezone(self._zone):%H:%M:%S}  ", "quiet"),
            f"{run.journey:<20} ",
            (f"{word.upper() if word == 'failed' else word:<8}", style),
            (f"{performed.document.took_s:6.1f} s  {run.id[-6:]}", "quiet"),
        )
        if broke is not None:
            line.append(f'  at "{broke.step}" ({owner_text(broke.service, broke.owner)}): {broke.said}', style)
        elif run.last.ending is not None:
            line.append(f"  {performed.document.attempts[-1].said}", style)
        for more in (run.note, *performed.trouble):
            line.append(f"  {more}" if more else "", "quiet")
        with self._lock:
            self._out.print(line, soft_wrap=True)

    def unwatched(self, gap: UnwatchedPeriod) -> None:
        """One line for a whole night."""
        since, until = (f"{at.astimezone(self._zone):%a %H:%M}" for at in (gap.since, gap.until))
        why = in_words(MissedReason.UNWATCHED)
        self._say(f"missed {_count(gap.slots, 'slot')} between {since} and {until}: {why}", "missed")

    def refused(self, said: str) -> None:
        """A new configuration cannot be used."""
        self._say(f"the new configuration cannot be used, the old one stays:\n{said}", "failed")

    def closing(self) -> None:
        """Told to stop."""
        self._say("stopping when the runs in hand have ended; once more to stop at once", "quiet")

    def _say(self, what: str, style: str) -> None:
        with self._lock:
            self._out.print(Text(what, style), soft_wrap=True)


class _RunLineReporter:
    """Hears of one run, and tells it when it is over."""

    def __init__(self, ledger: ConsoleObserver) -> None:
        self._ledger = ledger

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Nothing yet."""

    def heard(self, message: FromWorker) -> None:
        """Nothing yet."""

    def ended(self, performed: RunResult) -> None:
        """The line."""
        self._ledger.ended(performed)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
