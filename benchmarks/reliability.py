"""Measures how often each shipped journey passes, and how often each fault fails the right step.

    .venv/bin/python -m benchmarks.reliability [--passes 50] [--faults 10]

Plays in a temporary folder, in one resident worker. Exits with 1 if a run did not end as expected.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import click
from rich.progress import track
from rich.table import Table

from firstbell.journeys.practice.faults import FAULTS
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.outcome import Outcome

CONFIG = '[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true\n[browser]\nstep_limit = "10s"\n'

RIGHT = {
    "portal-unreachable": ("sign-in", "opens the portal"),
    "slow": ("sign-in", "opens the portal"),
    "sign-in-refuses": ("sign-in", "signs in"),
    "sign-in-503": ("sign-in", "signs in"),
    "sessions-empty": ("live-class", "finds the live session"),
    "lobby-stuck": ("live-class", "joins"),
    "no-media": ("live-class", "sees and hears the teacher"),
    "teacher-black": ("live-class", "sees and hears the teacher"),
    "teacher-silent": ("live-class", "sees and hears the teacher"),
}
"""For each fault, the journey that must fail and the step at which it must fail."""


def passes(runner: LocalRunner, times: int) -> Counter[str]:
    """Plays each journey `times` times. Returns the number of passes."""
    passed: Counter[str] = Counter()
    for number in track(range(times), description="healthy"):
        for entry in runner.chosen([]):
            result = runner.play(entry, SilentReporter(), confirm=False)
            passed[entry.name] += result.run.outcome is Outcome.PASSED
            if result.run.outcome is not Outcome.PASSED:
                console().print(f"round {number + 1}: {entry.name}: {result.document.attempts[-1].said}", markup=False)
    return passed


def failures_at_right_step(runner: LocalRunner, fault: str, times: int) -> int:
    """Plays `times` runs under a fault. Returns the number that failed at the right step of the right service."""
    journey, step = RIGHT[fault]
    (entry,) = runner.chosen([journey])
    assert runner.practice is not None
    runner.practice.break_(fault)
    found = 0
    for _ in track(range(times), description=fault):
        result = runner.play(entry, SilentReporter(), confirm=False)
        broke = result.document.broke
        is_right = broke is not None and (broke.step, broke.service) == (step, FAULTS[fault].service)
        found += result.run.outcome is Outcome.FAILED and is_right
        if not is_right:
            console().print(f"{fault}: {result.document.outcome} {broke}", markup=False)
    runner.practice.heal(fault)
    return found


@click.command()
@click.option("--passes", "healthy", type=click.IntRange(0), default=50, show_default=True)
@click.option("--faults", "faulty", type=click.IntRange(0), default=10, show_default=True)
def main(healthy: int, faulty: int) -> None:
    """Play healthy and faulty runs, and print the counts."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG)
        with open_local_runner(load(file), headed=False, quiet=True) as runner:
            passed = passes(runner, healthy)
            found = {fault: failures_at_right_step(runner, fault, faulty) for fault in RIGHT}
    table = Table("figure", "as expected", "of", box=None, header_style="quiet")
    for journey, count in passed.items():
        table.add_row(f"{journey} passes", str(count), str(healthy))
    for fault, count in found.items():
        journey, step = RIGHT[fault]
        table.add_row(f'{fault} fails {journey} at "{step}"', str(count), str(faulty))
    console().print(table)
    is_all = all(count == healthy for count in passed.values()) and all(count == faulty for count in found.values())
    raise SystemExit(0 if is_all else 1)


if __name__ == "__main__":
    main()
