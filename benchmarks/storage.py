"""What evidence takes in a store: bytes a run, against the raw traces that Playwright writes, and what a year comes to.

    .venv/bin/python -m benchmarks.storage [--passes 6] [--failures 3]

Plays every shipped journey against one practice school into a folder, with the default policy, and with a trace of
every pass. A run's bytes are what it adds to the store once earlier runs have left there what runs have in common. The
year is arithmetic: 20 journeys every 5 minutes around the clock, in
the measured mixture, one run in a hundred failing.
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


@dataclass
class StoredBytes:
    """Bytes by run: what each added, and the raw traces that it would be otherwise."""

    added: list[int] = field(default_factory=list)
    raw: list[int] = field(default_factory=list)


def stored(folder: Path) -> int:
    """Bytes in the store."""
    return sum(path.stat().st_size for path in (folder / "evidence").rglob("*") if path.is_file())


def raw_traces(performed: RunResult) -> int:
    """Bytes of the traces as Playwright wrote them."""
    kept = [artifact for attempt in performed.run.attempts for artifact in attempt.artifacts]
    return sum(artifact.size_bytes for artifact in kept if artifact.kind is ArtifactKind.TRACE)


def play(opened: LocalRunner, name: str, folder: Path, into: StoredBytes, wanted: Outcome) -> None:
    """One run, and what it added."""
    before = stored(folder)
    performed = opened.play(opened.chosen([name])[0], SilentReporter())
    assert performed.run.outcome is wanted, performed.document
    assert opened.uploader.finish(60) == ""
    into.added.append(stored(folder) - before)
    into.raw.append(raw_traces(performed))


def measured(keep: str, passes: int, failures: int) -> tuple[dict[str, StoredBytes], int]:
    """What passes of each journey and failures of one added, with one policy; and what all had in common."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "firstbell.toml").write_text(CONFIG.format(keep=keep))
        found: dict[str, StoredBytes] = {}
        with open_local_runner(load(folder / "firstbell.toml"), headed=False, quiet=True) as opened:
            assert opened.practice is not None
            names = [piece.name for piece in opened.chosen([])]
            for name in names:
                play(opened, name, folder, StoredBytes(), Outcome.PASSED)
            common = stored(folder)
            for name in track([name for _ in range(passes) for name in names], description=f"passes, {keep}"):
                play(opened, name, folder, found.setdefault(name, StoredBytes()), Outcome.PASSED)
            opened.practice.break_(FAULT)
            play(opened, "live-class", folder, StoredBytes(), Outcome.FAILED)
            for _ in track(range(failures), description="failures"):
                play(opened, "live-class", folder, found.setdefault("failed", StoredBytes()), Outcome.FAILED)
    return found, common


@click.command()
@click.option("--passes", type=click.IntRange(1), default=6, show_default=True, help="Of each journey, each policy.")
@click.option("--failures", type=click.IntRange(1), default=3, show_default=True)
def main(passes: int, failures: int) -> None:
    """Play, print bytes, and do the arithmetic."""
    pictures, common = measured("screenshots", passes, failures)
    traces, _ = measured("trace", passes, 1)
    table = Table(box=None, pad_edge=False)
    for column in ("KB a run, medians", "default policy", "everything", "raw traces alone"):
        table.add_column(column, justify="left" if column.startswith("KB") else "right")
    for name, found in pictures.items():
        whole = traces[name] if name != "failed" else found
        row = (found.added, whole.added, whole.raw)
        table.add_row(name, *(f"{statistics.median(numbers) / KB:.1f}" for numbers in row))
    out = console()
    out.print(table)
    a_pass = statistics.mean([statistics.mean(found.added) for name, found in pictures.items() if name != "failed"])
    a_failure = statistics.mean(pictures["failed"].added)
    a_day = JOURNEYS * RUNS_A_DAY
    kept = a_day * (7 * (1 - FAILING) * a_pass + 90 * FAILING * a_failure) + 4 * common
    never = 365 * a_day * ((1 - FAILING) * a_pass + FAILING * a_failure) + 24 * common
    out.print(
        f"a pass adds {a_pass / KB:.1f} KB, a failure {a_failure / KB:.1f} KB; in common {common / KB:.0f} KB a month"
    )
    out.print(f"20 journeys every 5 min, 1 % failing: {kept / GB:.1f} GB at any time (passes 7 days, failures 90)")
    out.print(f"the same with nothing ever removed: {never / GB:.0f} GB after a year")


if __name__ == "__main__":
    main()
