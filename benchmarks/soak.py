"""Soak test: `firstbell watch` plays hundreds of runs while memory, files, threads and processes are sampled.

    .venv/bin/python -m benchmarks.soak [--runs 300]

All four journeys are due every 10 seconds, in one worker that is never recycled, so that leaks show. Samples are taken
after each run; the slope is a least-squares line through the last four fifths, per 100 runs.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
from rich.progress import Progress
from rich.table import Table

from firstbell.runner.cli.console import console
from firstbell.runner.execution.supervision.termination import MARKER

CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true

[watch]
recycle_after = 1000000
recycle_mib = 64000
grace = "60s"
"""
JOURNEY = '\n[journeys.{name}]\nevery = "10s"\ndeadline = "10s"\n'
JOURNEYS = ("sign-in", "class-list", "live-class", "plan-b")
MIB = 1 << 20
WARM = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSample:
    """Resources of the service after a run."""

    service_mib: float
    worker_mib: float
    browser_mib: float
    service_files: int
    worker_files: int
    temporary_files: int
    processes: int
    threads: int


def outcomes_of(service: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yields the outcome of each run as it ends."""
    assert service.stderr is not None
    for line in service.stderr:
        if line.startswith(b"{") and (event := json.loads(line))["event"] == "run.done":
            yield event["outcome"]


def sample(pid: int) -> ResourceSample:
    """Measures a service, its worker, and the worker's descendants."""
    service = psutil.Process(pid)
    (worker,) = [child for child in service.children() if "firstbell.runner.app.worker_main" in child.cmdline()]
    # Found by their marker: Chromium's crash handler forks twice and becomes a child of the service, not of the worker.
    descendants = [
        child for child in service.children(recursive=True) if child != worker and _belongs_to(child, worker)
    ]
    temporary = Path(worker.environ()["TMPDIR"])
    return ResourceSample(
        service_mib=service.memory_info().rss / MIB,
        worker_mib=worker.memory_info().rss / MIB,
        browser_mib=sum(_rss(child) for child in descendants) / MIB,
        service_files=service.num_fds(),
        worker_files=worker.num_fds(),
        temporary_files=sum(len(files) for _, _, files in os.walk(temporary)),
        processes=len(descendants),
        threads=service.num_threads(),
    )


def _belongs_to(child: psutil.Process, worker: psutil.Process) -> bool:
    try:
        return child in worker.children(recursive=True) or MARKER in child.environ()
    except psutil.Error:
        return False


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@click.command()
@click.option("--runs", type=click.IntRange(20), default=300, show_default=True)
def main(runs: int) -> None:
    """Run the soak test, and print the slopes."""
    samples: list[ResourceSample] = []
    outcomes: list[str] = []
    with tempfile.TemporaryDirectory() as folder, Progress(console=console(), transient=True) as progress:
        (Path(folder) / "firstbell.toml").write_text(CONFIG + "".join(JOURNEY.format(name=name) for name in JOURNEYS))
        command = [sys.executable, "-c", "from firstbell.runner.cli.main import main; main()", "watch"]
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE) as service:
            task = progress.add_task("soaking", total=runs)
            for outcome in outcomes_of(service):
                outcomes.append(outcome)
                samples.append(sample(service.pid))
                progress.advance(task)
                if len(samples) == runs:
                    break
            service.send_signal(signal.SIGTERM)
            assert service.stderr is not None
            service.stderr.read()
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{runs} runs")
    for column in ("after warm-up", "at the end", "per 100 runs"):
        table.add_column(column, justify="right")
    kept = samples[int(runs * WARM) :]
    tail = max(1, len(kept) // 10)
    for name in asdict(kept[0]):
        values = [float(getattr(sample_, name)) for sample_ in kept]
        slope = statistics.linear_regression(range(len(values)), values).slope * 100
        begin, end = statistics.median(values[:tail]), statistics.median(values[-tail:])
        table.add_row(name.replace("_", " "), f"{begin:.1f}", f"{end:.1f}", f"{slope:+.2f}")
    console().print(table)
    console().print("outcomes: " + ", ".join(f"{outcomes.count(word)} {word}" for word in sorted(set(outcomes))))


if __name__ == "__main__":
    main()
