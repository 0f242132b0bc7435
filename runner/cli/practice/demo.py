"""`firstbell demo`: a failing morning in three phases, against the practice school."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.private_files import private_folder
from firstbell.runner.alarms.local_receiver import AlarmReceiver, alarm_receiver
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.cli.opening import zone_of
from firstbell.runner.cli.play.run import FINISH_S
from firstbell.runner.cli.render.alarm_timeline import Timeline, TimelineReporter
from firstbell.runner.cli.render.run_text import ConsoleReporter, fact_line
from firstbell.runner.config.errors import NoConfig
from firstbell.runner.config.load import Config
from firstbell.runner.config.search import find_config
from firstbell.runner.config.sections.alarms import RouteSection
from firstbell.runner.config.starter import STARTER
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.outcome import Outcome

FAULT = "sessions-empty"
ALARM_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPhase:
    """One phase: the preparation, the journeys (all, if none is named) and how often, and the check of each result."""

    title: str
    before: Callable[[PracticeSchool], None]
    journeys: tuple[str, ...]
    is_expected: Callable[[RunResult], bool]
    times: int = 1


def _nothing(_school: PracticeSchool) -> None:
    """Leaves the school as it is."""


def _passed(result: RunResult) -> bool:
    return result.run.outcome is Outcome.PASSED


def _class_list_failed(result: RunResult) -> bool:
    step = result.run.last.failing_step
    is_list = step is not None and step.step.service == "platform" and step.step.actor == "student"
    return result.run.outcome is Outcome.FAILED and is_list and bool(result.open_first)


PHASES = (
    DemoPhase(
        title="7:30  Before the first bell: every journey passes",
        before=_nothing,
        journeys=(),
        is_expected=_passed,
    ),
    DemoPhase(
        title='7:45  "Live sessions are not showing up"',
        before=lambda school: school.break_(FAULT),
        journeys=("live-class",),
        is_expected=_class_list_failed,
    ),
    DemoPhase(
        title="9:00  The fault is removed",
        before=lambda school: school.heal(FAULT),
        journeys=("live-class",),
        is_expected=_passed,
        times=2,  # Two passes close an incident.
    ),
)


@click.command()
def demo() -> None:
    """Play a failing morning against the practice school."""
    out, timeline = console(), Timeline()
    began = time.monotonic()
    with (
        errors_as_sentences(),
        alarm_receiver() as box,
        open_local_runner(_config(box), headed=False, quiet=True, alarms=True) as opened,
    ):
        opened.alerting.incidents.drop_unwatched(lambda *_: False)  # Left open by an interrupted demo.
        is_expected = [_play(phase, opened, out, timeline) for phase in PHASES]
        is_expected.append(_alarm(box, timeline, out))
        where, home = opened.run_context.store.address("runs"), opened.runtime.config.folder
        opened.uploader.finish(FINISH_S)
    _epilogue(out, where, time.monotonic() - began, is_expected=all(is_expected))
    if home != Path.cwd():
        out.print(f"The demo has a history of its own; to read it: cd {home}", style="quiet")
    raise SystemExit(0 if all(is_expected) else 1)


def _config(box: AlarmReceiver) -> Config:
    """The practice school, with a receiver on this machine as the only route.

    Beside a configuration it has a folder of its own: a running service must not see the incidents of the demo.
    """
    base = embedded_district()
    changes = {"routes": (RouteSection(name="demo", to=(box.address,)),), "reopen_within": 0.0}
    alarms = base.settings.alarms.model_copy(update=changes)
    try:
        folder = find_config(Path.cwd()).parent / ".firstbell" / "demo"
        private_folder(folder)
        (folder / base.file.name).write_text(STARTER)
    except NoConfig:
        folder = base.folder
    settings = base.settings.model_copy(update={"alarms": alarms})
    return Config(settings=settings, file=folder / base.file.name, positions={})


def _play(phase: DemoPhase, opened: LocalRunner, out: Console, timeline: Timeline) -> bool:
    out.print(_rule(phase.title))
    if opened.practice is None:
        return False
    phase.before(opened.practice)
    timeline.reached(phase.title)
    reporter = TimelineReporter(ConsoleReporter(out, zone_of(opened.runtime.config)), timeline)
    results = [opened.play(entry, reporter) for entry in opened.chosen(phase.journeys) for _ in range(phase.times)]
    is_expected = all(phase.is_expected(result) for result in results)
    if not is_expected:
        out.print("  this phase did not end as expected", style="failed")
    return is_expected


def _alarm(box: AlarmReceiver, timeline: Timeline, out: Console) -> bool:
    """Prints the notices, and the time since the fault."""
    out.print(_rule("The notices"))
    opened, closed = box.wait_for("opened", ALARM_S), box.wait_for("closed", ALARM_S)
    if opened is None or closed is None:
        out.print("  the notices did not arrive", style="failed")
        return False
    timeline.reached("alarm", opened.at)
    fault_s, confirmed_s = timeline.took_s(PHASES[1].title, "alarm"), timeline.took_s("confirmed", "alarm")
    out.print(Text(f"  {opened.subject}", "failed"), soft_wrap=True)
    for label, fact in opened.rows.items():
        out.print(fact_line(label, fact), soft_wrap=True)
    out.print(Text(f"  {fault_s:.1f} s after the fault, {confirmed_s:.1f} s after it was confirmed\n", "strong"))
    out.print(Text(f"  {closed.subject}\n", "passed"), soft_wrap=True)
    return True


def _epilogue(out: Console, where: str, took_s: float, *, is_expected: bool) -> None:
    out.print(_rule(""))
    summary = "Every phase ended as expected" if is_expected else "Not every phase ended as expected"
    out.print(f"{summary}, in {took_s:.0f} s. The evidence is in {where}/", style="passed" if is_expected else "failed")
    out.print("Next, with .venv/bin in front:", style="quiet")
    out.print("  firstbell init                     writes a configuration; then: firstbell run")
    out.print("  firstbell drill                    times the alarm from the fault to the notice")
    out.print("  firstbell practice                 opens the school for your own browser")
    out.print("  pytest journeys --headed --slowmo 300 --tracing on      shows the browsers")


def _rule(title: str) -> Text:
    return Text.assemble((title, "strong"), (f" {'─' * (70 - len(title))}" if title else "─" * 71, "quiet"))
