"""`firstbell morning`: plays the first morning of online school again, and draws what First Bell would have said."""

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
LOOK_AGAIN_S = 0.05
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
    """Play the first morning of online school: the edge, then the sign-in, then the class list break, and heal.

    Everything is real but the school: two ways out, browsers, diagnoses, incidents, notices. Exits with 0 if each scene
    blamed whom it should and nobody else.
    """
    out = console()
    with errors_as_sentences(), alarm_receiver() as box, _opened(box) as at_home, out.status("") as status:
        stage, records = _MorningRunner(at_home, at_home.at(SCHOOL_LOCATION), box), []
        for scene in MORNING:
            status.update(f"{scene.clock}  {scene.title}")
            records.append(stage.play(scene))
        name = at_home.staging.config.settings.school.name
    for line, style in report_lines(records):
        out.print(Text(line, style), soft_wrap=True)
    report.mkdir(parents=True, exist_ok=True)
    (report / "morning.svg").write_text(draw(records, name))
    (report / "morning.txt").write_text("\n".join(line for line, _ in report_lines(records)) + "\n")
    is_as_it_was = all(record.is_as_it_was for record in records)
    said = "Each scene blamed whom it should" if is_as_it_was else "Not every scene blamed whom it should"
    out.print(f"{said}. The picture: {report}/morning.svg", style="passed" if is_as_it_was else "failed")
    raise SystemExit(0 if is_as_it_was else 1)


@contextmanager
def _opened(box: AlarmReceiver) -> Iterator[LocalRunner]:
    """The practice school seen from a home and from a school, in a folder of its own; the box takes every notice."""
    routes = (
        RouteSection(name="it-on-call", to=(box.address,)),
        RouteSection(name="parents", to=(box.address,), public=True),
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
    """Two theatres of one house, and the box that takes the notices."""

    def __init__(self, at_home: LocalRunner, at_school: LocalRunner, box: AlarmReceiver) -> None:
        self._at = {HOME_LOCATION: at_home, SCHOOL_LOCATION: at_school}
        self._board = at_home.switchboard
        self._box = box

    def play(self, scene: MorningPhase) -> PhaseRecord:
        """One scene: heal what was broken, break what it breaks, play, and listen."""
        school = self._at[HOME_LOCATION].practice
        assert school is not None  # noqa: S101  # the configuration asks for it
        record, read = PhaseRecord(scene=scene), len(self._box.letters)
        _switch_faults(school, scene)
        began, began_at = time.monotonic(), datetime.now(UTC)
        for journey, location in scene.plays:
            theatre_ = self._at[location]
            performed = theatre_.play(theatre_.chosen([journey])[0], SilentReporter())
            record.played.append(_played(performed, time.monotonic() - began))
        self._wait_for_notices()
        record.lasted_s = time.monotonic() - began
        record.heard = [
            ReceivedAlarm(kind=letter.kind, subject=letter.subject, at_s=(letter.at - began_at).total_seconds())
            for letter in self._box.letters[read:]
        ]
        record.parents = self._in_public_words(began_at)
        return record

    def _wait_for_notices(self) -> None:
        deadline = time.monotonic() + DELIVERY_S
        while self._parcels(PENDING) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN_S)

    def _in_public_words(self, since: datetime) -> str:
        """What parents would read, of what has come up or ended since a moment."""
        said = []
        for parcel in reversed(self._parcels({DeliveryState.DRAFT})):
            draft = parcel.notification
            if draft.made_at >= since:
                incident = self._board.incidents.find(draft.incident).incident
                said.append(self._board.in_public_words(incident, draft).body)
        return "\n".join(dict.fromkeys(said))

    def _parcels(self, fates: set[DeliveryState]) -> Sequence[OutboxEntry]:
        return self._board.outbox.look(100, fates=fates)


def _switch_faults(school: PracticeSchool, scene: MorningPhase) -> None:
    school.heal_all()
    if scene.breaks:
        school.break_(scene.breaks)


def _played(performed: RunResult, at_s: float) -> PlayedRun:
    run, found = performed.run, performed.document.diagnosis
    is_failure = run.outcome is Outcome.FAILED and found is not None
    return PlayedRun(
        journey=run.journey,
        location=run.location,
        at_s=at_s,
        outcome=run.outcome.value,
        service=run.service if is_failure else "",
        said=f"{run.service or 'nobody'}: {found.words} (sure: {found.confidence})" if found and is_failure else "",
    )
