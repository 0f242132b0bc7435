"""`firstbell demo`: the first morning, in three acts, against the practice school."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.alarms.local_receiver import AlarmReceiver, alarm_receiver
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.cli.play.run import FINISH_S
from firstbell.runner.cli.render.alarm_timeline import Timeline, TimelineReporter
from firstbell.runner.cli.render.run_text import ConsoleReporter
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
    """What is done before it, which journeys are played (all, if none is named) how often, and how each must end."""

    title: str
    before: Callable[[PracticeSchool], None]
    journeys: tuple[str, ...]
    is_as_it_should: Callable[[RunResult], bool]
    times: int = 1


def _nothing(_school: PracticeSchool) -> None:
    """Leave the school as it is."""


def _passed(performed: RunResult) -> bool:
    return performed.run.outcome is Outcome.PASSED


def _broke_at_the_list(performed: RunResult) -> bool:
    step = performed.run.last.failing_step
    is_there = step is not None and step.step.service == "platform" and step.step.actor == "student"
    return performed.run.outcome is Outcome.FAILED and is_there and bool(performed.pointers)


PHASES = (
    DemoPhase(
        title="7:30  Before the first bell: is everything all right?",
        before=_nothing,
        journeys=(),
        is_as_it_should=_passed,
    ),
    DemoPhase(
        title='7:45  "Live sessions are not showing up"',
        before=lambda school: school.break_(FAULT),
        journeys=("live-class",),
        is_as_it_should=_broke_at_the_list,
    ),
    DemoPhase(
        title="9:00  Healed",
        before=lambda school: school.heal(FAULT),
        journeys=("live-class",),
        is_as_it_should=_passed,
        times=2,  # One pass may be luck: two close an incident.
    ),
)


@click.command()
def demo() -> None:
    """Play the first morning, in three acts."""
    out, legs = console(), Timeline()
    began = time.monotonic()
    with (
        errors_as_sentences(),
        alarm_receiver() as box,
        open_local_runner(_config(box), headed=False, quiet=True, alarms=True) as opened,
    ):
        opened.switchboard.incidents.retire(lambda *_: False)  # What a demo left open that was broken off.
        ended = [_play(act, opened, out, legs) for act in PHASES]
        ended.append(_alarm(box, legs, out))
        where, home = opened.house.store.place("runs"), opened.staging.config.folder
        opened.uploader.finish(FINISH_S)
    _epilogue(out, where, time.monotonic() - began, is_well=all(ended))
    if home != Path.cwd():
        out.print(f"The demo keeps a history of its own; look back from there: cd {home}", style="quiet")
    raise SystemExit(0 if all(ended) else 1)


def _config(box: AlarmReceiver) -> Config:
    """The practice school, which tells its alarms to this machine alone. Beside a configuration it keeps to a folder of
    its own: a service that watches there must not take the demo's incidents for its own."""
    base = embedded_district()
    told = {"routes": (RouteSection(name="demo", to=(box.address,)),), "reopen_within": 0.0}
    alarms = base.settings.alarms.model_copy(update=told)
    try:
        folder = find_config(Path.cwd()).parent / ".firstbell" / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / base.file.name).write_text(STARTER)
    except NoConfig:
        folder = base.folder
    settings = base.settings.model_copy(update={"alarms": alarms})
    return Config(settings=settings, file=folder / base.file.name, places={})


def _play(act: DemoPhase, opened: LocalRunner, out: Console, legs: Timeline) -> bool:
    out.print(_rule(act.title))
    if opened.practice is None:
        return False
    act.before(opened.practice)
    legs.reached(act.title)
    reporter = TimelineReporter(ConsoleReporter(out), legs)
    performed = [opened.play(piece, reporter) for piece in opened.chosen(act.journeys) for _ in range(act.times)]
    is_well = all(act.is_as_it_should(one) for one in performed)
    if not is_well:
        out.print("  this act did not end as it should", style="failed")
    return is_well


def _alarm(box: AlarmReceiver, legs: Timeline, out: Console) -> bool:
    """What people were told, and how long after the fault."""
    out.print(_rule("What the telephone said"))
    told, over = box.wait_for("opened", ALARM_S), box.wait_for("closed", ALARM_S)
    if told is None or over is None:
        out.print("  no alarm came through", style="failed")
        return False
    legs.reached("alarm", told.at)
    fault_s, confirmed_s = legs.took_s(PHASES[1].title, "alarm"), legs.took_s("confirmed", "alarm")
    out.print(Text(f"  {told.subject}", "failed"), soft_wrap=True)
    for label, said in told.rows.items():
        out.print(Text.assemble((f"  {label:<9}", "quiet"), said), soft_wrap=True)
    out.print(Text(f"  {fault_s:.1f} s after the fault, {confirmed_s:.1f} s after it was confirmed\n", "strong"))
    out.print(Text(f"  {over.subject}\n", "passed"), soft_wrap=True)
    return True


def _epilogue(out: Console, where: str, took_s: float, *, is_well: bool) -> None:
    out.print(_rule(""))
    said = "Every act ended as it should" if is_well else "Not every act ended as it should"
    out.print(f"{said}, in {took_s:.0f} s. Evidence lies in {where}/", style="passed" if is_well else "failed")
    out.print("What to try next, with .venv/bin in front:", style="quiet")
    out.print("  firstbell init                     a configuration of your own, and then: firstbell run")
    out.print("  firstbell drill                    from a fault to a telephone, with a time for each leg")
    out.print("  firstbell practice                 walk through the school with your own browser")
    out.print("  pytest journeys --headed --slowmo 300 --tracing on      watch the people play")


def _rule(title: str) -> Text:
    return Text.assemble((title, "strong"), (f" {'─' * (70 - len(title))}" if title else "─" * 71, "quiet"))
