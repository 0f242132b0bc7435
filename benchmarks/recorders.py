"""Measures the cost of each recorder on a live class, in processor seconds of worker, driver and browser.

    .venv/bin/python -m benchmarks.recorders [--rounds 7]

One resident worker plays the live class with each set of recorders in turn, in one invocation, against one practice
school (whose own processor time is not counted). Prints medians, and the increase over no recording.
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
    """Returns the processor seconds of a process and its descendants, ended ones included."""
    total = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def play_once(runner: LocalRunner, recording: RecordingOptions, folder: Path, number: int) -> float:
    """Plays one live class. Returns its processor seconds."""
    (entry,) = runner.chosen(["live-class"])
    assert entry.card is not None
    run_folder = folder / str(number)
    run_folder.mkdir()
    play = PlayAttempt(
        run_id=f"bench-{number}", journey=entry.card.id, attempt=1, folder=run_folder, recording=recording
    )
    runner.player.prepare()
    before = cpu_s(runner.player.worker.pid)
    attempt = runner.player.play(play, deadline_s=60, listener=ignore_message, fresh=False)
    assert attempt.ending is None, attempt.ending
    return cpu_s(runner.player.worker.pid) - before


def ignore_message(_message: FromWorker) -> None:
    """Ignores a message of the worker."""


@click.command()
@click.option("--rounds", type=click.IntRange(2), default=7, show_default=True)
def main(rounds: int) -> None:
    """Play in turn, and print medians and ratios."""
    measured_s: dict[str, list[float]] = {name: [] for name in SETS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG)
        with open_local_runner(load(file), headed=False, quiet=True) as runner:
            play_once(runner, NO_RECORDING, Path(folder), 0)
            order = [name for _ in range(rounds) for name in SETS]
            for number, name in enumerate(track(order, description="live classes"), 1):
                measured_s[name].append(play_once(runner, SETS[name], Path(folder), number))
    table = Table(box=None, pad_edge=False)
    for column in ("recorded", "CPU s per live class", "increase"):
        table.add_column(column, justify="left" if column == "recorded" else "right")
    base = statistics.median(measured_s["figures only"])
    for name, times in measured_s.items():
        table.add_row(name, f"{statistics.median(times):.2f}", f"{statistics.median(times) / base - 1:+.0%}")
    console().print(table)


if __name__ == "__main__":
    main()
