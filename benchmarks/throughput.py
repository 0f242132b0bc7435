"""Runs a minute and processor seconds a run of the live class: First Bell's warm workers against plain pytest.

    .venv/bin/python -m benchmarks.throughput [--rounds 10] [--lanes 2]

The same journey, browser and practice schools (one for each lane, because a synthetic class is one at a time), in
turn, in one invocation. Plain pytest is what a team would schedule today: one process a run, pytest-playwright with
`--tracing on --screenshot on`. First Bell runs as `firstbell watch` does: its policy (pictures on a pass), and once
more with a trace of every pass; cleaning, storing and history are in it. Processor seconds are the whole machine's,
with the practice schools in both.
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
    """What a way of running came to."""

    runs_per_min: float
    cpu_s_per_run: float


def write_config(folder: Path, school: PracticeSchool, lane: int, keep: str) -> Path:
    """A practice school as any district: services by address, accounts by reference."""
    told = school.introduction
    teacher, student = told.accounts["teacher"], told.accounts["student"]
    os.environ[f"BENCH_TEACHER_{lane}"], os.environ[f"BENCH_STUDENT_{lane}"] = teacher.password, student.password
    os.environ[f"BENCH_CODE_{lane}"] = told.meeting_code
    text = CONFIG.format(
        keep=keep,
        lane=lane,
        title=told.class_title,
        teacher=teacher.username,
        teacher_name=teacher.display_name,
        student=student.username,
        student_name=student.display_name,
    )
    text += "".join(SERVICE.format(name=name, url=told.origins[name], kind=kind) for name, kind in KINDS.items())
    file = folder / f"{keep}-{lane}" / "firstbell.toml"
    file.parent.mkdir()
    file.write_text(text)
    return file


def by_pytest(file: Path) -> None:
    """One run in a process of its own."""
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
    """One run in a warm worker, with all that `firstbell watch` does around it."""
    (piece,) = opened.chosen(["live-class"])
    performed = opened.play(piece, SilentReporter())
    assert performed.run.outcome is Outcome.PASSED, performed.document


def measured(lanes: list[Callable[[], None]], rounds: int) -> Throughput:
    """Play so many runs in each lane at once."""

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
@click.option("--rounds", type=click.IntRange(2), default=10, show_default=True, help="Runs in each lane, each way.")
@click.option("--lanes", type=click.IntRange(1, 8), default=2, show_default=True, help="Runs at once.")
def main(rounds: int, lanes: int) -> None:
    """Play in turn, print figures and ratios."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        schools = [stack.enter_context(PracticeSchool.start()) for _ in range(lanes)]
        ways: dict[str, list[Callable[[], None]]] = {"pytest, a process a run": []}
        for lane, school in enumerate(schools):
            plain = write_config(folder, school, lane, "figures")
            ways["pytest, a process a run"].append(lambda file=plain: by_pytest(file))  # type: ignore[misc]
            for keep, name in (("screenshots", "First Bell"), ("trace", "First Bell, traces kept too")):
                file = write_config(folder, school, lane, keep)
                opened = stack.enter_context(open_local_runner(load(file), headed=False, quiet=True))
                ways.setdefault(name, []).append(lambda opened=opened: by_first_bell(opened))  # type: ignore[misc]
        found: dict[str, list[Throughput]] = {name: [] for name in ways}
        for way in ways.values():
            measured(way, 1)
        for _ in range(3):
            for name, way in ways.items():
                found[name].append(measured(way, max(1, rounds // 3)))
    table = Table(box=None, pad_edge=False)
    for column in (f"live class, {lanes} at once", "runs a minute", "CPU s a run", "runs", "CPU"):
        table.add_column(column, justify="left" if column.startswith("live") else "right")
    medians = {
        name: (
            statistics.median(one.runs_per_min for one in all_),
            statistics.median(one.cpu_s_per_run for one in all_),
        )
        for name, all_ in found.items()
    }
    base_runs, base_cpu = medians["pytest, a process a run"]
    for name, (runs, cpu) in medians.items():
        table.add_row(name, f"{runs:.1f}", f"{cpu:.2f}", f"{runs / base_runs:.2f}x", f"{base_cpu / cpu:.2f}x fewer")
    console().print(table)


if __name__ == "__main__":
    main()
