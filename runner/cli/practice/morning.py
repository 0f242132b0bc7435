"""`firstbell morning`: plays three outages of one morning, and draws the alarms of First Bell on a time line."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.alarms.local_receiver import AlarmReceiver, alarm_receiver
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.config.load import load
from firstbell.runner.config.search import FILE_NAME
from firstbell.runner.config.sections.alarms import RouteSection
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.history.alarms.outbox import OutboxEntry
from firstbell.runner.morning.result import PhaseRecord, PlayedRun, ReceivedAlarm, report_lines
from firstbell.runner.morning.scenario import HOME_LOCATION, MORNING, SCHOOL_LOCATION, MorningPhase
from firstbell.runner.morning.timeline_svg import draw
from firstbell.runner.outcome import Outcome

CONFIG = f"""\
[school]
name = "Practice School District"
timezone = "America/New_York"
practice = true

[locations.{HOME_LOCATION}]
proxy = "practice:outside"

[locations.{SCHOOL_LOCATION}]
inside = true
"""
DELIVERY_S = 10.0
POLL_S = 0.05
PENDING = {DeliveryState.WAITING}


@click.command()
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("morning"),
    show_default=True,
    help="The folder that gets morning.svg and morning.txt.",
)
def morning(report: Path) -> None:
    """Play three outages of one morning and draw them.

    The edge, the sign-in and the class list of the practice school fail one after another. Only the school is not real:
    locations, browsers, diagnoses, incidents and notices are. Exits with 0 if every phase blamed the right service.
    """
    out = console()
    with errors_as_sentences(), alarm_receiver() as receiver, _opened(receiver) as at_home, out.status("") as status:
        player, records = _MorningRunner(at_home, at_home.at(SCHOOL_LOCATION), receiver), []
        for phase in MORNING:
            status.update(f"{phase.clock}  {phase.title}")
            records.append(player.play(phase))
        name = at_home.runtime.config.settings.school.name
    for line, style in report_lines(records):
        out.print(Text(line, style), soft_wrap=True)
    report.mkdir(parents=True, exist_ok=True)
    (report / "morning.svg").write_text(draw(records, name))
    (report / "morning.txt").write_text("\n".join(line for line, _ in report_lines(records)) + "\n")
    is_right = all(record.is_as_expected for record in records)
    summary = "Every phase blamed the right service" if is_right else "Not every phase blamed the right service"
    out.print(f"{summary}. The picture: {report}/morning.svg", style="passed" if is_right else "failed")
    raise SystemExit(0 if is_right else 1)


@contextmanager
def _opened(receiver: AlarmReceiver) -> Iterator[LocalRunner]:
    """The practice school from a home and from a school, in a folder of its own; the receiver takes every notice."""
    routes = (
        RouteSection(name="it-on-call", to=(receiver.address,)),
        RouteSection(name="parents", to=(receiver.address,), public=True),
    )
    with tempfile.TemporaryDirectory(prefix="firstbell-morning-") as folder:
        file = Path(folder) / FILE_NAME
        file.write_text(CONFIG)
        config = load(file)
        alarms = config.settings.alarms.model_copy(update={"routes": routes, "reopen_within": 0.0})
        config = replace(config, settings=config.settings.model_copy(update={"alarms": alarms}))
        with open_local_runner(config, headed=False, quiet=True, alarms=True, location=HOME_LOCATION) as at_home:
            yield at_home


class _MorningRunner:
    """Plays phases at two locations, and collects the notices."""

    def __init__(self, at_home: LocalRunner, at_school: LocalRunner, receiver: AlarmReceiver) -> None:
        self._at = {HOME_LOCATION: at_home, SCHOOL_LOCATION: at_school}
        self._board = at_home.alerting
        self._box = receiver

    def play(self, phase: MorningPhase) -> PhaseRecord:
        """Plays one phase: switches its faults, runs its journeys, and collects results and notices."""
        school = self._at[HOME_LOCATION].practice
        assert school is not None  # noqa: S101  # the configuration asks for it
        record, read = PhaseRecord(phase=phase), len(self._box.notices)
        _switch_faults(school, phase)
        began, began_at = time.monotonic(), datetime.now(UTC)
        for journey, location in phase.plays:
            runner = self._at[location]
            result = runner.play(runner.chosen([journey])[0], SilentReporter())
            record.runs.append(_played(result, time.monotonic() - began))
        self._wait_for_notices()
        record.lasted_s = time.monotonic() - began
        record.alarms = [
            ReceivedAlarm(kind=letter.kind, subject=letter.subject, at_s=(letter.at - began_at).total_seconds())
            for letter in self._box.notices[read:]
        ]
        record.parents = self._public_notices(began_at)
        return record

    def _wait_for_notices(self) -> None:
        deadline = time.monotonic() + DELIVERY_S
        while self._notices(PENDING) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _public_notices(self, since: datetime) -> str:
        """The public notices since a moment, as parents would read them."""
        bodies = []
        for notice in reversed(self._notices({DeliveryState.DRAFT})):
            draft = notice.notice
            if draft.made_at >= since:
                incident = self._board.incidents.find(draft.incident).incident
                bodies.append(self._board.in_public_words(incident, draft).body)
        return "\n".join(dict.fromkeys(bodies))

    def _notices(self, fates: set[DeliveryState]) -> Sequence[OutboxEntry]:
        return self._board.outbox.entries(100, states=fates)


def _switch_faults(school: PracticeSchool, phase: MorningPhase) -> None:
    school.heal_all()
    if phase.breaks:
        school.break_(phase.breaks)


def _played(result: RunResult, at_s: float) -> PlayedRun:
    run, found = result.run, result.document.diagnosis
    is_failure = run.outcome is Outcome.FAILED and found is not None
    return PlayedRun(
        journey=run.journey,
        location=run.location,
        at_s=at_s,
        outcome=run.outcome.value,
        service=run.service if is_failure else "",
        diagnosis=f"{run.service or 'no service'}: {found.words} ({found.confidence} confidence)"
        if found and is_failure
        else "",
    )
