"""What each recorder costs on a live class, in processor seconds of the worker, its driver and its browser.

    .venv/bin/python -m benchmarks.recorders [--rounds 7]

One resident worker plays the live class with one set of recorders after the other, in turn, in one invocation, against
one practice school (whose own processor time is not counted). Medians, and how much more than with nothing recorded.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from pathlib import Path

import click
import psutil
from rich.progress import track
from rich.table import Table

from firstbell.artifacts.policy import RecordingOptions
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.execution.supervision.protocol import FromWorker, PlayAttempt

CONFIG = '[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true\n'
NO_RECORDING = RecordingOptions(trace=False, screencast=False, screenshots=False, har=False)
SETS = {
    "figures only": NO_RECORDING,
    "pictures": RecordingOptions(trace=False, har=False),
    "HAR": RecordingOptions(trace=False, screenshots=False),
    "trace (snapshots)": RecordingOptions(screenshots=False, har=False),
    "trace with screencast": RecordingOptions(screenshots=False, har=False, screencast=True),
    "everything": RecordingOptions(screencast=True),
}


def cpu_s(pid: int) -> float:
    """What a process and all below it have used, those that have ended included."""
    total = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def played(opened: LocalRunner, recording: RecordingOptions, folder: Path, number: int) -> float:
    """Processor seconds of one live class."""
    (piece,) = opened.chosen(["live-class"])
    assert piece.journey_info is not None
    here = folder / str(number)
    here.mkdir()
    play = PlayAttempt(
        run_id=f"bench-{number}", journey=piece.journey_info.id, attempt=1, folder=here, recording=recording
    )
    worker = psutil.Process().children()
    before = sum(cpu_s(process.pid) for process in worker if "worker_process" in " ".join(process.cmdline()))
    attempt = opened.worker.play(play, deadline_s=60, listener=ignore_message, fresh=False)
    assert attempt.ending is None, attempt.ending
    worker = psutil.Process().children()
    return sum(cpu_s(process.pid) for process in worker if "worker_process" in " ".join(process.cmdline())) - before


def ignore_message(_message: FromWorker) -> None:
    """Nobody listens."""


@click.command()
@click.option("--rounds", type=click.IntRange(2), default=7, show_default=True)
def main(rounds: int) -> None:
    """Play in turn, print medians and ratios."""
    found: dict[str, list[float]] = {name: [] for name in SETS}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "firstbell.toml"
        file.write_text(CONFIG)
        with open_local_runner(load(file), headed=False, quiet=True) as opened:
            played(opened, NO_RECORDING, Path(place), 0)
            order = [name for _ in range(rounds) for name in SETS]
            for number, name in enumerate(track(order, description="live classes"), 1):
                found[name].append(played(opened, SETS[name], Path(place), number))
    table = Table(box=None, pad_edge=False)
    for column in ("recorded", "CPU s a live class", "more than nothing"):
        table.add_column(column, justify="left" if column == "recorded" else "right")
    base = statistics.median(found["figures only"])
    for name, all_s in found.items():
        table.add_row(name, f"{statistics.median(all_s):.2f}", f"{statistics.median(all_s) / base - 1:+.0%}")
    console().print(table)


if __name__ == "__main__":
    main()
