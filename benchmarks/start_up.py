"""Start-up of commands: processor seconds and peak memory of `--version`, `--help` and `status`, medians of 7.

Byte code is written before measuring, as an installed package has it. Seconds depend on the machine and its load; the
ratio to `import sqlalchemy`, measured in turn with the commands, does not depend on it as much.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.table import Table

from firstbell.runner.cli.console import console

TIMES = 7
MAIN = "from firstbell.runner.cli.main import main; main()"
REFERENCE = "import sqlalchemy"
PROGRAMS = {
    REFERENCE: (REFERENCE,),
    "firstbell --version": (MAIN, "--version"),
    "firstbell --help": (MAIN, "--help"),
    "firstbell status": (MAIN, "status"),
    "firstbell status --format nagios": (MAIN, "status", "--format", "nagios"),
}
CONFIG = '[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true\n'


def measure(folder: Path, program: tuple[str, ...]) -> tuple[float, float]:
    """Processor seconds and peak MiB of one program."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    command = [sys.executable, "-c", *program]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # It has been waited for.
    return used.ru_utime + used.ru_stime, peak_mib(used)


def peak_mib(used: resource.struct_rusage) -> float:
    """Peak memory in MiB; Linux counts in KiB."""
    return used.ru_maxrss / 1024


def main() -> None:
    """Measures every program in turn, and prints a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "firstbell.toml").write_text(CONFIG)
        for program in PROGRAMS.values():
            measure(folder, program)  # Writes byte code, and the database.
        found: dict[str, list[tuple[float, float]]] = {title: [] for title in PROGRAMS}
        for _ in range(TIMES):
            for title, program in PROGRAMS.items():
                found[title].append(measure(folder, program))
    medians = {
        title: [statistics.median(column) for column in zip(*rows, strict=True)] for title, rows in found.items()
    }
    table = Table(box=None, pad_edge=False)
    for column in ("program", "processor seconds", "ratio", "peak memory"):
        table.add_column(column, justify="left" if column == "program" else "right")
    for title, (seconds, mib) in medians.items():
        table.add_row(title, f"{seconds:.2f}", f"{seconds / medians[REFERENCE][0]:.2f}", f"{mib:.0f} MiB")
    console().print(table)


if __name__ == "__main__":
    main()
