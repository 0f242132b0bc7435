"""Measures runs per minute and processor seconds per run of the live class: warm workers against plain pytest.

    .venv/bin/python -m benchmarks.throughput [--rounds 10] [--lanes 2]

The same journey, browser and practice schools (one per lane, because a synthetic class runs one at a time), in turn, in
one invocation. Plain pytest is one process per run, pytest-playwright with `--tracing on --screenshot on`. First Bell
runs as `firstbell watch` does, with its policy (screenshots of a pass) and once more with a trace of every pass;
redaction, storage and history are included. Processor seconds are those of the whole machine, practice schools
included in both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from rich.table import Table

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.outcome import Outcome

ROOT = Path(__file__).parents[1]
CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"

[evidence]
on_pass = "{keep}"

[classroom]
title = "{title}"
meeting_code = "env:BENCH_CODE_{lane}"

[accounts.teacher]
username = "{teacher}"
display_name = "{teacher_name}"
password = "env:BENCH_TEACHER_{lane}"

[accounts.student]
username = "{student}"
display_name = "{student_name}"
password = "env:BENCH_STUDENT_{lane}"
"""
SERVICE = '\n[services.{name}]\nowner = "Practice"\nurl = "{url}"\nkind = "{kind}"\n'
KINDS = {"edge": "", "sign-in": "redirect", "platform": "practice", "live-class": "practice", "plan-b": "meeting-code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Figures of one setup."""

    runs_per_min: float
    cpu_s_per_run: float


def write_config(folder: Path, school: PracticeSchool, lane: int, keep: str) -> Path:
    """Writes a configuration of a practice school as an ordinary district: addresses, and accounts by reference."""
    info = school.introduction
    teacher, student = info.accounts["teacher"], info.accounts["student"]
    os.environ[f"BENCH_TEACHER_{lane}"], os.environ[f"BENCH_STUDENT_{lane}"] = teacher.password, student.password
    os.environ[f"BENCH_CODE_{lane}"] = info.meeting_code
    text = CONFIG.format(
        keep=keep,
        lane=lane,
        title=info.class_title,
        teacher=teacher.username,
        teacher_name=teacher.display_name,
        student=student.username,
        student_name=student.display_name,
    )
    text += "".join(SERVICE.format(name=name, url=info.origins[name], kind=kind) for name, kind in KINDS.items())
    file = folder / f"{keep}-{lane}" / "firstbell.toml"
    file.parent.mkdir()
    file.write_text(text)
    return file


def by_pytest(file: Path) -> None:
    """Plays one run in a new pytest process."""
    recorded = ["--tracing", "on", "--screenshot", "on", "--output", str(file.parent / "results")]
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", *recorded]
    done = subprocess.run(
        [*command, "--firstbell-config", str(file), "journeys/live_class.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def by_first_bell(opened: LocalRunner) -> None:
    """Plays one run in a warm worker, with all that `firstbell watch` does around it."""
    (entry,) = opened.chosen(["live-class"])
    result = opened.play(entry, SilentReporter())
    assert result.run.outcome is Outcome.PASSED, result.document


def measured(lanes: list[Callable[[], None]], rounds: int) -> Throughput:
    """Plays `rounds` runs in each lane, all lanes at once. Returns the figures."""

    def play(lane: Callable[[], None]) -> None:
        for _ in range(rounds):
            lane()

    before, began = _busy_s(), time.perf_counter()
    threads = [threading.Thread(target=play, args=[lane]) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s, runs = time.perf_counter() - began, rounds * len(lanes)
    return Throughput(runs_per_min=60 * runs / took_s, cpu_s_per_run=(_busy_s() - before) / runs)


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


@click.command()
@click.option(
    "--rounds", type=click.IntRange(2), default=10, show_default=True, help="Runs in each lane, with each setup."
)
@click.option("--lanes", type=click.IntRange(1, 8), default=2, show_default=True, help="Runs at once.")
def main(rounds: int, lanes: int) -> None:
    """Play in turn, and print figures and ratios."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        schools = [stack.enter_context(PracticeSchool.start()) for _ in range(lanes)]
        setups: dict[str, list[Callable[[], None]]] = {"pytest, a process a run": []}
        for lane, school in enumerate(schools):
            plain = write_config(folder, school, lane, "figures")
            setups["pytest, a process a run"].append(lambda file=plain: by_pytest(file))  # type: ignore[misc]
            for keep, name in (("screenshots", "First Bell"), ("trace", "First Bell, traces kept too")):
                file = write_config(folder, school, lane, keep)
                opened = stack.enter_context(open_local_runner(load(file), headed=False, quiet=True))
                setups.setdefault(name, []).append(lambda opened=opened: by_first_bell(opened))  # type: ignore[misc]
        found: dict[str, list[Throughput]] = {name: [] for name in setups}
        for setup in setups.values():
            measured(setup, 1)
        for _ in range(3):
            for name, setup in setups.items():
                found[name].append(measured(setup, max(1, rounds // 3)))
    table = Table(box=None, pad_edge=False)
    for column in (f"live class, {lanes} at once", "runs per minute", "CPU s per run", "runs", "CPU"):
        table.add_column(column, justify="left" if column.startswith("live") else "right")
    medians = {
        name: (
            statistics.median(figures.runs_per_min for figures in rounds_),
            statistics.median(figures.cpu_s_per_run for figures in rounds_),
        )
        for name, rounds_ in found.items()
    }
    base_runs, base_cpu = medians["pytest, a process a run"]
    for name, (runs, cpu) in medians.items():
        table.add_row(name, f"{runs:.1f}", f"{cpu:.2f}", f"{runs / base_runs:.2f}x", f"{base_cpu / cpu:.2f}x fewer")
    console().print(table)


if __name__ == "__main__":
    main()
