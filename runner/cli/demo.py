"""`firstbell demo`: the first morning, in three acts, against the practice school."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import click
from rich.console import Console
from rich.text import Text

from journeys.practice.school import PracticeSchool
from runner.cli.console import console
from runner.cli.run import FINISH_S, sentences
from runner.cli.telling import Teller
from runner.execution.performance import Performed
from runner.execution.run import Outcome
from runner.theatre import Theatre, theatre
from runner.wiring import embedded

FAULT = "sessions-empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is done before it, which journeys are played (all, if none is named), and how each must end."""

    title: str
    before: Callable[[PracticeSchool], None]
    journeys: tuple[str, ...]
    is_as_it_should: Callable[[Performed], bool]


def _nothing(_school: PracticeSchool) -> None:
    """Leave the school as it is."""


def _passed(performed: Performed) -> bool:
    return performed.run.outcome is Outcome.PASSED


def _broke_at_the_list(performed: Performed) -> bool:
    step = performed.run.last.failing_step
    is_there = step is not None and step.step.service == "platform" and step.step.actor == "student"
    return performed.run.outcome is Outcome.FAILED and is_there and bool(performed.pointers)


ACTS = (
    Act(
        title="7:30  Before the first bell: is everything all right?",
        before=_nothing,
        journeys=(),
        is_as_it_should=_passed,
    ),
    Act(
        title='7:45  "Live sessions are not showing up"',
        before=lambda school: school.break_(FAULT),
        journeys=("live-class",),
        is_as_it_should=_broke_at_the_list,
    ),
    Act(
        title="9:00  Healed",
        before=lambda school: school.heal(FAULT),
        journeys=("live-class",),
        is_as_it_should=_passed,
    ),
)


@click.command()
def demo() -> None:
    """Play the first morning, in three acts."""
    out = console()
    began = time.monotonic()
    with sentences(), theatre(embedded(), headed=False, quiet=True) as opened:
        ended = [_play(act, opened, out) for act in ACTS]
        where = opened.house.store.place("runs")
        opened.uploader.finish(FINISH_S)
    _epilogue(out, where, time.monotonic() - began, is_well=all(ended))
    raise SystemExit(0 if all(ended) else 1)


def _play(act: Act, opened: Theatre, out: Console) -> bool:
    out.print(_rule(act.title))
    if opened.practice is None:
        return False
    act.before(opened.practice)
    performed = [opened.play(piece, Teller(out)) for piece in opened.chosen(act.journeys)]
    is_well = all(act.is_as_it_should(one) for one in performed)
    if not is_well:
        out.print("  this act did not end as it should", style="failed")
    return is_well


def _epilogue(out: Console, where: str, took_s: float, *, is_well: bool) -> None:
    out.print(_rule(""))
    said = "Every act ended as it should" if is_well else "Not every act ended as it should"
    out.print(f"{said}, in {took_s:.0f} s. Evidence lies in {where}/", style="passed" if is_well else "failed")
    out.print("What to try next, with .venv/bin in front:", style="quiet")
    out.print("  firstbell init                     a configuration of your own, and then: firstbell run")
    out.print("  firstbell practice                 walk through the school with your own browser")
    out.print("  pytest journeys --headed --slowmo 300 --tracing on      watch the people play")


def _rule(title: str) -> Text:
    return Text.assemble((title, "told"), (f" {'─' * (70 - len(title))}" if title else "─" * 71, "quiet"))
