"""Measures the diagnosis on products that we did not write, with faults by other means than the practice school's.

    .venv/bin/python -m benchmarks.diagnosis_foreign [--times 1] [--only FAULT]... [--healthy 30] [--runs FOLDER]

Needs root for the packet filter, and the products, which `python -m tests.foreign.install` lists and installs. Each
fault is made, the journey that meets it is played with the usual second attempt, and the fault is undone. Exits with 1
if a figure misses its target.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.foreign_faults import CATALOGUE, ForeignFault
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, Diagnosis
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.outcome import Outcome
from tests.foreign.breakage import lacking
from tests.foreign.district import District, open_district
from tests.foreign.product import NotInstalled

JOURNEYS = ("profile", "accounts", "learn", "lesson")
RIGHT_SERVICE_TARGET = 0.95
FRESH_AFTER = 60
BUSY_TRIES = 3
"""How often a fault is tried where this machine was too busy to judge it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One run under a fault; `found` is None if it passed or has no diagnosis."""

    fault: ForeignFault
    outcome: Outcome
    found: Diagnosis | None

    @property
    def is_judged(self) -> bool:
        """Whether this machine was quick enough to judge the product. Where it was not, First Bell says so."""
        return self.found is None or self.found.cause is not Cause.OWN_MACHINE

    @property
    def is_right_service(self) -> bool:
        """Whether a right service, or rightly none, was named."""
        return self.found is not None and self.found.service in self.fault.right_services

    @property
    def is_right_cause(self) -> bool:
        """Whether the cause is one of the right ones as well."""
        return self.found is not None and self.is_right_service and self.found.cause.value in self.fault.causes

    @property
    def blames_innocent(self) -> bool:
        """Whether a service that works was blamed."""
        return self.found is not None and self.found.service not in {"", *self.fault.right_services}

    @property
    def is_falsely_sure(self) -> bool:
        """Whether a wrong service or cause was told with high confidence."""
        return self.found is not None and self.found.confidence is Confidence.HIGH and not self.is_right_cause

    def __str__(self) -> str:
        mark = (
            "busy "
            if not self.is_judged
            else "ok   "
            if self.is_right_cause
            else "cause"
            if self.is_right_service
            else "WRONG"
        )
        right = f"{self.fault.service or 'own'}/{'|'.join(sorted(self.fault.causes))}"
        if self.found is None:
            return f"{mark} {self.fault.name:<26} {right:<46} unnoticed: {self.outcome.value}"
        said = f"{self.found.service or 'none'}/{self.found.cause.value} {self.found.confidence.value}"
        why = "" if self.is_right_cause else f"  because: {'; '.join(one.said for one in self.found.because)[:300]}"
        return f"{mark} {self.fault.name:<26} {right:<46} {said}{why}"


@contextmanager
def open_all() -> Iterator[tuple[District, LocalRunner]]:
    """Starts the products and a runner."""
    with open_district() as district, open_local_runner(load(district.config), headed=False, quiet=True) as runner:
        for journey in JOURNEYS:  # The first visit to a product is slower than the others.
            play(runner, journey)
        yield district, runner


def play(runner: LocalRunner, journey: str) -> RunResult:
    """Plays a journey once, with its second attempt if it fails."""
    return runner.play(runner.chosen([journey])[0], SilentReporter())


def play_faults(
    district: District, runner: LocalRunner, faults: Sequence[ForeignFault], times: int, out: Console
) -> list[Verdict]:
    """Plays each fault, prints each verdict as it is told, and returns them."""
    verdicts: list[Verdict] = []
    for fault in faults:
        for number in range(times * BUSY_TRIES):
            if number >= times and verdicts[-1].is_judged:
                break
            with fault.means(district):
                run = play(runner, fault.journey).run
            found = None if run.outcome is Outcome.PASSED else run.diagnosis
            verdicts.append(Verdict(fault=fault, outcome=run.outcome, found=found))
            out.print(str(verdicts[-1]), markup=False, highlight=False, soft_wrap=True)
    return verdicts


def play_healthy(district: District, runner: LocalRunner, times: int, out: Console) -> int:
    """Plays healthy runs. Returns how many were called broken or degraded."""
    called = 0
    for number in range(times):
        if number and number % FRESH_AFTER == 0:  # Glewlwyd keeps files open, and has no more of them after 70 visits.
            district.sign_in.stop()
            district.sign_in.start()
        result = play(runner, JOURNEYS[number % len(JOURNEYS)])
        if result.run.outcome is not Outcome.PASSED or result.run.degraded:
            called += 1
            found = result.run.diagnosis
            said = "; ".join(one.said for one in found.because) if found else result.run.degraded
            out.print(f"healthy {result.run.journey}: {result.run.outcome.value}: {said}", soft_wrap=True)
    return called


def summary(told: Sequence[Verdict], called: int, healthy: int) -> tuple[Table, bool]:
    """Returns the table of figures, and whether they meet their targets."""
    verdicts = [one for one in told if one.is_judged]
    plays, table = len(verdicts), Table("figure", "measured", "target", box=None, header_style="quiet")
    right, cause = sum(one.is_right_service for one in verdicts), sum(one.is_right_cause for one in verdicts)
    innocents, false = sum(one.blames_innocent for one in verdicts), sum(one.is_falsely_sure for one in verdicts)
    if plays:
        table.add_row("faults, plays", f"{len({one.fault.name for one in verdicts})}, {plays}", "at least 15")
        table.add_row("right service", f"{right} of {plays} ({right / plays:.1%})", f"{RIGHT_SERVICE_TARGET:.0%}")
        table.add_row("right cause", f"{cause} of {plays} ({cause / plays:.1%})", "")
        table.add_row("innocent services blamed", str(innocents), "0")
        table.add_row("false service or cause with high confidence", str(false), "0")
    if busy := len(told) - plays:
        table.add_row("plays that this machine was too busy to judge", str(busy), "")
    table.add_row("healthy runs called broken or degraded", f"{called} of {healthy}", "0")
    return table, right >= RIGHT_SERVICE_TARGET * plays and not (innocents or false or called)


@click.command()
@click.option("--times", type=click.IntRange(0), default=1, show_default=True, help="Plays of each fault.")
@click.option("--only", multiple=True, type=click.Choice(sorted(CATALOGUE)), help="Only this fault.")
@click.option("--healthy", type=click.IntRange(0), default=30, show_default=True, help="Healthy runs.")
@click.option("--runs", type=click.Path(path_type=Path), help="Copy the evidence of all runs into this new folder.")
def main(times: int, only: tuple[str, ...], healthy: int, runs: Path | None) -> None:
    """Play all faults and healthy runs, and print the figures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that no filter and no product stays behind.
    out = console()
    faults = [CATALOGUE[name] for name in only] or list(CATALOGUE.values())
    if times and (reason := lacking()):
        raise click.ClickException(reason)
    try:
        with open_all() as (district, runner):
            called = play_healthy(district, runner, healthy, out)
            verdicts = play_faults(district, runner, faults, times, out) if times else []
            if runs:
                shutil.copytree(district.folder / "evidence", runs)
    except NotInstalled as error:
        raise click.ClickException(str(error)) from None
    table, is_on_target = summary(verdicts, called, healthy)
    out.print(table)
    raise SystemExit(0 if is_on_target else 1)


if __name__ == "__main__":
    main()
