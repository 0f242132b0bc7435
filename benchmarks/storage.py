"""Measures stored evidence: bytes and requests per run, against Playwright's raw traces, and the prices of a year.

    .venv/bin/python -m benchmarks.storage [--passes 6] [--failures 3]

Plays every shipped journey against one practice school into a folder, with the default policy and with a trace of every
pass. A run's bytes are what it adds to a store that already holds the parts common to all runs. The year is computed
for 20 journeys every 5 minutes around the clock, in the measured mixture, one run in a hundred failing.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.progress import track
from rich.table import Table

from firstbell.artifacts.evidence import ArtifactKind
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.outcome import Outcome

CONFIG = '[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true\n[evidence]\non_pass = "{keep}"\n'
JOURNEYS, RUNS_A_DAY, FAILING = 20, 288, 0.01
FAULT = "sessions-empty"
KB, GB = 1000, 1000**3
# Amazon S3 Standard in us-east-1, in dollars: 1,000 PUTs, and a GB for a month (aws.amazon.com/s3/pricing).
PUTS_DOLLARS, GB_MONTH_DOLLARS = 0.005, 0.023


@dataclass
class StoredBytes:
    """Bytes by run: added to the store, and of the raw traces; and the objects added, each of which is a PUT."""

    added: list[int] = field(default_factory=list)
    puts: list[int] = field(default_factory=list)
    raw: list[int] = field(default_factory=list)


def stored(folder: Path) -> tuple[int, int]:
    """Returns the bytes and the objects in the store."""
    sizes = [path.stat().st_size for path in (folder / "evidence").rglob("*") if path.is_file()]
    return sum(sizes), len(sizes)


def raw_traces(result: RunResult) -> int:
    """Returns the bytes of the traces as Playwright wrote them."""
    kept = [artifact for attempt in result.run.attempts for artifact in attempt.artifacts]
    return sum(artifact.size_bytes for artifact in kept if artifact.kind is ArtifactKind.TRACE)


def play(runner: LocalRunner, name: str, folder: Path, into: StoredBytes, expected: Outcome) -> None:
    """Plays one run and adds its bytes to `into`."""
    bytes_before, objects_before = stored(folder)
    result = runner.play(runner.chosen([name])[0], SilentReporter())
    assert result.run.outcome is expected, result.document
    assert runner.uploader.finish(60) == ""
    bytes_after, objects_after = stored(folder)
    into.added.append(bytes_after - bytes_before)
    into.puts.append(objects_after - objects_before)
    into.raw.append(raw_traces(result))


def measured(keep: str, passes: int, failures: int) -> tuple[dict[str, StoredBytes], int]:
    """Plays passes of each journey and failures of one, with one policy. Returns bytes by journey, and common bytes."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "firstbell.toml").write_text(CONFIG.format(keep=keep))
        sizes: dict[str, StoredBytes] = {}
        with open_local_runner(load(folder / "firstbell.toml"), headed=False, quiet=True) as runner:
            assert runner.practice is not None
            names = [entry.name for entry in runner.chosen([])]
            for name in names:
                play(runner, name, folder, StoredBytes(), Outcome.PASSED)
            common, _ = stored(folder)
            for name in track([name for _ in range(passes) for name in names], description=f"passes, {keep}"):
                play(runner, name, folder, sizes.setdefault(name, StoredBytes()), Outcome.PASSED)
            runner.practice.break_(FAULT)
            play(runner, "live-class", folder, StoredBytes(), Outcome.FAILED)
            for _ in track(range(failures), description="failures"):
                play(runner, "live-class", folder, sizes.setdefault("failed", StoredBytes()), Outcome.FAILED)
    return sizes, common


@click.command()
@click.option(
    "--passes", type=click.IntRange(1), default=6, show_default=True, help="Passes of each journey with each policy."
)
@click.option("--failures", type=click.IntRange(1), default=3, show_default=True)
def main(passes: int, failures: int) -> None:
    """Play, and print bytes per run and per year."""
    pictures, common = measured("screenshots", passes, failures)
    traces, _ = measured("trace", passes, 1)
    table = Table(box=None, pad_edge=False)
    columns = ("KB a run, medians", "default policy", "everything", "raw traces alone", "PUTs at most", "everything")
    for column in columns:
        table.add_column(column, justify="left" if column.startswith("KB") else "right")
    for name, sizes in pictures.items():
        with_trace = traces[name] if name != "failed" else sizes
        row = (sizes.added, with_trace.added, with_trace.raw)
        puts = (str(max(sizes.puts)), str(max(with_trace.puts)))
        table.add_row(name, *(f"{statistics.median(numbers) / KB:.1f}" for numbers in row), *puts)
    out = console()
    out.print(table)
    a_pass = statistics.mean([statistics.mean(sizes.added) for name, sizes in pictures.items() if name != "failed"])
    a_failure = statistics.mean(pictures["failed"].added)
    a_day = JOURNEYS * RUNS_A_DAY
    kept = a_day * (7 * (1 - FAILING) * a_pass + 90 * FAILING * a_failure) + 4 * common
    after_a_year = 365 * a_day * ((1 - FAILING) * a_pass + FAILING * a_failure) + 24 * common
    out.print(
        f"a pass adds {a_pass / KB:.1f} KB, a failure {a_failure / KB:.1f} KB; in common {common / KB:.0f} KB a month"
    )
    out.print(f"20 journeys every 5 min, 1 % failing: {kept / GB:.1f} GB at any time (passes 7 days, failures 90)")
    passed_puts = statistics.mean([statistics.mean(row.puts) for name, row in pictures.items() if name != "failed"])
    year_puts = 365 * a_day * ((1 - FAILING) * passed_puts + FAILING * statistics.mean(pictures["failed"].puts))
    out.print(
        f"a year of it: {year_puts / 1e6:.1f} million PUTs, ${year_puts / 1000 * PUTS_DOLLARS:.0f}; "
        f"storage ${12 * kept / GB * GB_MONTH_DOLLARS:.0f} (S3 Standard, us-east-1)"
    )
    out.print(f"the same with nothing ever removed: {after_a_year / GB:.0f} GB after a year")


if __name__ == "__main__":
    main()
