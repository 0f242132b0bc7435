"""Measures the diagnosis: for each fault of the catalogue, the service and cause named, against the true ones.

    .venv/bin/python -m benchmarks.diagnosis [--times 3] [--only FAULT]... [--healthy 200]

Each fault is switched on, a journey that meets it is played in Chromium with the usual second attempt, and the fault is
switched off. Exits with 1 if a wrong service was blamed, a healthy run did not pass, or a service was not found.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.probe_faults import Crasher, restart_with_own_resolver, starving
from firstbell.journeys.practice.client import PracticeSchoolError
from firstbell.journeys.practice.faults import FAULTS
from firstbell.journeys.practice.faults.fault import Fault
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.history.runs.context import StoredPastRuns
from firstbell.runner.outcome import Outcome

STEP_LIMIT_S = 10.0
CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true
{extra}
[locations.inside]
inside = true

[locations.outside]
proxy = "practice:outside"
"""
MODES = {
    "": "",
    "tls": "[practice]\ntls = true\n",
    "names": '[practice]\ntls = true\ndomain = "practice.test"\n',
    "clock": (
        '[practice]\nclock = "+600s"\n'
        '[accounts.student]\nusername = "zz.totp"\ndisplay_name = "Ivy Zz"\n'
        'password = "practice:student-totp#password"\ntotp = "practice:student-totp#totp"\n'
    ),
}
PROBE_FAULTS = (
    Fault(name="browser-crash", service="", cause="own-browser", seen="", journey="class-list"),
    Fault(name="machine-starved", service="", cause="own-machine", seen="", journey="live-class"),
    Fault(name="clock-off", service="", cause="own-clock", seen="", journey="sign-in", needs="clock"),
)
"""Faults of the probe itself, which the practice school cannot inject."""
UNNOTICED = "(unnoticed)"
"""Stands for the service if the run did not fail or has no diagnosis."""
# A journey in which a teacher signs in first; the journey of the sign-in's faults has a student.
WITH_ANOTHER_ACCOUNT = "live-class"
# Faults that only appear from outside are played from there.
OUTSIDE = ("outside-dropped", "outside-offline")


@dataclass
class FaultScore:
    """Results of the runs under one fault."""

    fault: Fault
    named: Counter[tuple[str, str]] = field(default_factory=Counter)
    diagnosis_s: list[float] = field(default_factory=list)
    step_s: list[float] = field(default_factory=list)

    @property
    def right_service(self) -> int:
        """How often the true service was named ("" for a fault of the probe itself)."""
        return sum(number for (service, _), number in self.named.items() if service == self.fault.service)

    @property
    def right_cause(self) -> int:
        """How often the cause was right as well."""
        return self.named[self.fault.service, self.fault.cause]

    @property
    def wrong_service(self) -> int:
        """How often a wrong service was blamed."""
        not_blame = ("", UNNOTICED, self.fault.service)
        return sum(number for (service, _), number in self.named.items() if service not in not_blame)


def catalogue(only: Sequence[str]) -> list[Fault]:
    """Returns the faults that make a journey fail."""
    faults = [fault for fault in (*FAULTS.values(), *PROBE_FAULTS) if not fault.degrades]
    return [fault for fault in faults if not only or fault.name in only]


@contextmanager
def open_runner(mode: str) -> Iterator[LocalRunner]:
    """Opens a local runner with a practice school in the given mode."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG.format(extra=MODES[mode]))
        yield stack.enter_context(open_local_runner(load(file), headed=False, quiet=True))


def play(runner: LocalRunner, fault: Fault) -> tuple[RunResult, float]:
    """Plays one run under a fault. Returns the result, and the time from the fault to the diagnosis."""
    (entry,) = runner.chosen([fault.journey])
    school, is_school = runner.practice, fault.name in FAULTS
    assert school is not None
    began = time.monotonic()
    if is_school:
        school.break_(fault.name)
    try:
        runner.worker.prepare()
        pid = runner.worker.worker.pid
        reporter = Crasher(pid) if fault.name == "browser-crash" else SilentReporter()
        with starving(pid) if fault.name == "machine-starved" else nullcontext():
            result = runner.play(entry, reporter)
    finally:
        if is_school:
            school.heal(fault.name)
    return result, time.monotonic() - began


def play_before(runner: LocalRunner, fault: Fault) -> None:
    """Plays what a district has played before a fault: the journey itself, which is under construction until it has
    passed; and under a sign-in that refuses everybody a journey with another account, without which one refused account
    says nothing about the sign-in."""
    (entry,) = runner.chosen([fault.journey])
    memory = StoredPastRuns(runner.runtime.database).memory(entry.name, runner.location)
    if not memory.has_passed:
        runner.play(entry, SilentReporter())
    if fault.service and fault.cause in {cause.value for cause in OF_ACCOUNT} and runner.practice is not None:
        (other,) = runner.chosen([WITH_ANOTHER_ACCOUNT])
        runner.practice.break_(fault.name)
        runner.play(other, SilentReporter())
        runner.practice.heal(fault.name)


def add_run(score: FaultScore, result: RunResult, took_s: float) -> None:
    """Adds one run to the score."""
    found = result.run.diagnosis
    if result.run.outcome is Outcome.PASSED or found is None:
        score.named[UNNOTICED, result.run.outcome.value] += 1
        return
    score.named[found.service, found.cause.value] += 1
    score.diagnosis_s.append(took_s)
    if step := result.run.last.failing_step:
        score.step_s.append(step.took_s)


def faults(times: int, only: Sequence[str], out: Console) -> tuple[list[FaultScore], list[str]]:
    """Plays all faults, mode by mode. Returns the scores, and the faults that this machine cannot have."""
    by_mode: dict[str, list[Fault]] = defaultdict(list)
    for fault in catalogue(only):
        by_mode[fault.needs].append(fault)
    scores, left_out = list[FaultScore](), list[str]()
    with Progress(console=out, transient=True) as progress:
        bar = progress.add_task("faults", total=sum(map(len, by_mode.values())) * times)
        for mode, in_mode in by_mode.items():
            with ExitStack() as stack:
                try:
                    inside = stack.enter_context(open_runner(mode))
                except PracticeSchoolError as error:
                    left_out += [fault.name for fault in in_mode]
                    out.print(f"  left out: {', '.join(fault.name for fault in in_mode)}: {error}", markup=False)
                    continue
                outside = inside.at("outside") if any(fault.name in OUTSIDE for fault in in_mode) else inside
                for fault in in_mode:
                    score = FaultScore(fault)
                    play_before(outside if fault.name in OUTSIDE else inside, fault)
                    for _ in range(times):
                        progress.update(bar, description=fault.name)
                        add_run(score, *play(outside if fault.name in OUTSIDE else inside, fault))
                        progress.advance(bar)
                    scores.append(score)
                    out.print(_line(score))
    return scores, left_out


def healthy(times: int, out: Console) -> int:
    """Plays healthy runs. Returns the number of those that did not pass."""
    broken = 0
    with open_runner("") as runner, Progress(console=out, transient=True) as progress:
        bar = progress.add_task("healthy", total=times)
        entries = runner.chosen([])
        for number in range(times):
            result = runner.play(entries[number % len(entries)], SilentReporter())
            if result.run.outcome is not Outcome.PASSED:
                broken += 1
                found = result.run.diagnosis
                out.print(f"healthy {result.run.journey}: {result.document.outcome}: {found and found.said}")
            progress.advance(bar)
    return broken


def _line(score: FaultScore) -> str:
    total = score.named.total()
    wrong = ", ".join(
        f"{service or 'no service'}/{cause} x{number}"
        for (service, cause), number in score.named.items()
        if (service, cause) != (score.fault.service, score.fault.cause)
    )
    took = f"{median(score.diagnosis_s):5.1f} s" if score.diagnosis_s else "      -"
    expected = f"{score.fault.service or 'own'}/{score.fault.cause}"
    return f"  {score.fault.name:<30}{expected:<34}{score.right_cause} of {total}  {took}  {wrong}"


def summary(
    scores: Sequence[FaultScore], left_out: Sequence[str], not_passed: int, healthy_runs: int
) -> tuple[Table, bool]:
    """Returns the table of figures, and whether they meet their targets."""
    plays = sum(score.named.total() for score in scores)
    service, cause = sum(score.right_service for score in scores), sum(score.right_cause for score in scores)
    wrong_service = sum(score.wrong_service for score in scores)
    confirmed = [took for score in scores if score.fault.service for took in score.diagnosis_s]
    saved = [max(0.0, STEP_LIMIT_S - took) for score in scores for took in score.step_s]
    table = Table("figure", "measured", "target", box=None, header_style="quiet")
    if plays:
        table.add_row("faults, plays", f"{len(scores)}, {plays}", "at least 30")
        table.add_row("right service", f"{service} of {plays} ({service / plays:.1%})", "100 %")
        table.add_row("right cause", f"{cause} of {plays} ({cause / plays:.1%})", "95 %")
        table.add_row("wrong services blamed", str(wrong_service), "0")
    if left_out:
        table.add_row("faults left out on this machine", str(len(left_out)), "0")
    table.add_row("healthy runs that did not pass", f"{not_passed} of {healthy_runs}", "0 of 200")
    if confirmed:
        table.add_row("from fault to confirmed diagnosis, median", f"{median(confirmed):.1f} s", "under 20 s")
    if saved:
        early = f"{median(saved):.1f} s median, {sum(saved):.0f} s of {STEP_LIMIT_S * len(saved):.0f} s"
        table.add_row("failing steps ended before their limit of 10 s by", early, "")
    return table, not left_out and service == plays and cause >= 0.95 * plays and not wrong_service and not not_passed


@click.command()
@click.option("--times", type=click.IntRange(0), default=3, show_default=True, help="Plays of each fault.")
@click.option("--only", multiple=True, help="Only this fault.")
@click.option("--healthy", "healthy_runs", type=click.IntRange(0), default=200, show_default=True)
def main(times: int, only: tuple[str, ...], healthy_runs: int) -> None:
    """Play all faults and healthy runs, and print the figures."""
    restart_with_own_resolver()
    out = console()
    scores, left_out = faults(times, only, out) if times else ([], [])
    not_passed = healthy(healthy_runs, out) if healthy_runs else 0
    table, is_on_target = summary(scores, left_out, not_passed, healthy_runs)
    out.print(table)
    raise SystemExit(0 if is_on_target else 1)


if __name__ == "__main__":
    main()
