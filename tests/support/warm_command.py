"""The command line in processes that are forked from one in which it is loaded already.

Such a process is one of its own, with its own folder, environment, clock, output and exit code; only the second that
loading the command takes is saved. Tests of the start itself run the installed command.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine

import firstbell.runner.cli

_CLI = Path(firstbell.runner.cli.__file__).parent
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "sqlalchemy.dialects.sqlite.pysqlite",
        *(f"firstbell.runner.cli.{file.parent.name}.{file.stem}" for file in sorted(_CLI.glob("*/*.py"))),
    ]
)


def run_warm(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    at: datetime | None = None,
    within_s: float = 480.0,
) -> subprocess.CompletedProcess[str]:
    """Runs `firstbell` with these arguments and this whole environment; `at` sets the clock of its process."""
    with TemporaryDirectory() as folder:
        stdout, stderr = Path(folder) / "stdout", Path(folder) / "stderr"
        process = _CONTEXT.Process(target=_play, args=((stdout, stderr), list(arguments), cwd, dict(environment), at))
        process.start()
        process.join(within_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), within_s)
        return subprocess.CompletedProcess(
            ["firstbell", *arguments], process.exitcode, stdout.read_text(), stderr.read_text()
        )


def _play(
    output: tuple[Path, Path], arguments: list[str], cwd: Path, environment: dict[str, str], at: datetime | None
) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for file, stream in zip(output, (sys.stdout, sys.stderr), strict=True):
        with file.open("wb") as opened:
            os.dup2(opened.fileno(), stream.fileno())
    sys.argv = ["firstbell", *arguments]
    with time_machine.travel(at, tick=True) if at is not None else nullcontext():
        from firstbell.runner.cli.main import main  # noqa: PLC0415  # loaded by the server

        main()
