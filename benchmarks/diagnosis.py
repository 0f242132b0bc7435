"""Whose each fault of the catalogue is said to be, against whose it is: the confusion matrix, by real Chromium.

    .venv/bin/python -m benchmarks.diagnosis [--times 3] [--only FAULT]... [--healthy 200]

Each fault is switched on and a journey that meets it is played, confirmed by a second attempt as always; then it is
healed. Exits with 1 if a single innocent was blamed, a healthy run did not pass, or a service was not found.
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

from benchmarks.sabotage import Crasher, starving, with_own_hosts_file
from firstbell.journeys.practice.client import PracticeSchoolError
from firstbell.journeys.practice.faults import FAULTS
from firstbell.journeys.practice.faults.fault import Fault
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
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
OWN = (
    Fault(name="browser-crash", service="", cause="own-browser", seen="", journey="class-list"),
    Fault(name="machine-starved", service="", cause="own-machine", seen="", journey="live-class"),
    Fault(name="clock-off", service="", cause="own-clock", seen="", journey="sign-in", needs="clock"),
)
"""What is not the practice school's to break."""
UNNOTICED = "(unnoticed)"
"""In the place of a service: the run did not break, or nothing was said of why."""
# A fault that only shows from outside is looked at from there.
OUTSIDE = ("outside-dropped", "outside-offline")


@dataclass
class FaultScore:
    """What came of the plays of one fault."""

    fault: Fault
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdict_s: list[float] = field(default_factory=list)
    step_s: list[float] = field(default_factory=list)

    @property
    def right_service(self) -> int:
        """How often the true service was named (nobody's, where it is the probe's own)."""
        return sum(number for (service, _), number in self.told.items() if service == self.fault.service)

    @property
    def right_cause(self) -> int:
        """How often the cause was right as well."""
        return self.told[self.fault.service, self.fault.cause]

    @property
    def innocents(self) -> int:
        """How often somebody else was blamed."""
        well = ("", UNNOTICED, self.fault.service)
        return sum(number for (service, _), number in self.told.items() if service not in well)


def catalogue(only: Sequence[str]) -> list[Fault]:
    """The faults that break something."""
    faults = [fault for fault in (*FAULTS.values(), *OWN) if not fault.degrades]
    return [fault for fault in faults if not only or fault.name in only]


@contextmanager
def opened(mode: str) -> Iterator[LocalRunner]:
    """A theatre with a practice school as true to life as a mode wants it."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG.format(extra=MODES[mode]))
        yield stack.enter_context(open_local_runner(load(file), headed=False, quiet=True))


def play(stage: LocalRunner, fault: Fault) -> tuple[RunResult, float]:
    """One run under a fault, and how long it took from the fault to the verdict."""
    (piece,) = stage.chosen([fault.journey])
    school, is_school = stage.practice, fault.name in FAULTS
    assert school is not None
    began = time.monotonic()
    if is_school:
        school.break_(fault.name)
    try:
        stage.worker.prepare()
        pid = stage.worker.worker.pid
        reporter = Crasher(pid) if fault.name == "browser-crash" else SilentReporter()
        with starving(pid) if fault.name == "machine-starved" else nullcontext():
            performed = stage.play(piece, reporter)
    finally:
        if is_school:
            school.heal(fault.name)
    return performed, time.monotonic() - began


def note(score: FaultScore, performed: RunResult, took_s: float) -> None:
    """What was told of one run."""
    found = performed.run.diagnosis
    if performed.run.outcome is Outcome.PASSED or found is None:
        score.told[UNNOTICED, performed.run.outcome.value] += 1
        return
    score.told[found.service, found.cause.value] += 1
    score.verdict_s.append(took_s)
    if step := performed.run.last.failing_step:
        score.step_s.append(step.took_s)


def faults(times: int, only: Sequence[str], out: Console) -> tuple[list[FaultScore], list[str]]:
    """All faults, mode by mode; and those that cannot be had on this machine."""
    by_mode: dict[str, list[Fault]] = defaultdict(list)
    for fault in catalogue(only):
        by_mode[fault.needs].append(fault)
    scores, left_out = list[FaultScore](), list[str]()
    with Progress(console=out, transient=True) as progress:
        bar = progress.add_task("faults", total=sum(map(len, by_mode.values())) * times)
        for mode, wanted in by_mode.items():
            with ExitStack() as stack:
                try:
                    inside = stack.enter_context(opened(mode))
                except PracticeSchoolError as error:
                    left_out += [fault.name for fault in wanted]
                    out.print(f"  left out: {', '.join(fault.name for fault in wanted)}: {error}", markup=False)
                    continue
                outside = inside.at("outside") if any(fault.name in OUTSIDE for fault in wanted) else inside
                for fault in wanted:
                    score = FaultScore(fault)
                    for _ in range(times):
                        progress.update(bar, description=fault.name)
                        note(score, *play(outside if fault.name in OUTSIDE else inside, fault))
                        progress.advance(bar)
                    scores.append(score)
                    out.print(_line(score))
    return scores, left_out


def healthy(times: int, out: Console) -> int:
    """How many of so many healthy runs were said to be broken."""
    broken = 0
    with opened("") as stage, Progress(console=out, transient=True) as progress:
        bar = progress.add_task("healthy", total=times)
        pieces = stage.chosen([])
        for number in range(times):
            performed = stage.play(pieces[number % len(pieces)], SilentReporter())
            if performed.run.outcome is not Outcome.PASSED:
                broken += 1
                found = performed.run.diagnosis
                out.print(f"healthy {performed.run.journey}: {performed.document.outcome}: {found and found.said}")
            progress.advance(bar)
    return broken


def _line(score: FaultScore) -> str:
    total = score.told.total()
    wrong = ", ".join(
        f"{service or 'nobody'}/{cause} x{number}"
        for (service, cause), number in score.told.items()
        if (service, cause) != (score.fault.service, score.fault.cause)
    )
    took = f"{median(score.verdict_s):5.1f} s" if score.verdict_s else "      -"
    whose = f"{score.fault.service or 'own'}/{score.fault.cause}"
    return f"  {score.fault.name:<30}{whose:<34}{score.right_cause} of {total}  {took}  {wrong}"


def summary(
    scores: Sequence[FaultScore], left_out: Sequence[str], unwell: int, healthy_runs: int
) -> tuple[Table, bool]:
    """The figures, and whether they are as wanted."""
    plays = sum(score.told.total() for score in scores)
    service, cause = sum(score.right_service for score in scores), sum(score.right_cause for score in scores)
    innocents = sum(score.innocents for score in scores)
    confirmed = [took for score in scores if score.fault.service for took in score.verdict_s]
    saved = [max(0.0, STEP_LIMIT_S - took) for score in scores for took in score.step_s]
    table = Table("what", "measured", "wanted", box=None, header_style="quiet")
    if plays:
        table.add_row("faults, plays", f"{len(scores)}, {plays}", "at least 30")
        table.add_row("right service", f"{service} of {plays} ({service / plays:.1%})", "100 %")
        table.add_row("right cause", f"{cause} of {plays} ({cause / plays:.1%})", "95 %")
        table.add_row("innocents blamed", str(innocents), "0")
    if left_out:
        table.add_row("faults left out, which this machine cannot have", str(len(left_out)), "0")
    table.add_row("healthy runs said to be broken", f"{unwell} of {healthy_runs}", "0 of 200")
    if confirmed:
        table.add_row("from fault to confirmed verdict, median", f"{median(confirmed):.1f} s", "under 20 s")
    if saved:
        said = f"{median(saved):.1f} s median, {sum(saved):.0f} s of {STEP_LIMIT_S * len(saved):.0f} s"
        table.add_row("failing steps ended before their limit of 10 s by", said, "")
    return table, not left_out and service == plays and cause >= 0.95 * plays and not innocents and not unwell


@click.command()
@click.option("--times", type=click.IntRange(0), default=3, show_default=True, help="Plays of each fault.")
@click.option("--only", multiple=True, help="Only this fault.")
@click.option("--healthy", "healthy_runs", type=click.IntRange(0), default=200, show_default=True)
def main(times: int, only: tuple[str, ...], healthy_runs: int) -> None:
    """Play it all, and print who was blamed."""
    with_own_hosts_file()
    out = console()
    scores, left_out = faults(times, only, out) if times else ([], [])
    unwell = healthy(healthy_runs, out) if healthy_runs else 0
    table, is_as_wanted = summary(scores, left_out, unwell, healthy_runs)
    out.print(table)
    raise SystemExit(0 if is_as_wanted else 1)


if __name__ == "__main__":
    main()
