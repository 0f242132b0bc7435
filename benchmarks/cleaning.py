"""Measures the cleaning of traces: seconds and MiB at 1, 4 and 16 MB, and how long the process that asks is held.

    .venv/bin/python -m benchmarks.cleaning [--sizes 1,4,16]

Seconds are processor seconds of the process that cleans, which does not depend on what else the machine does; MiB are
its peak. "held" is the processor time of the asking process, over all its threads: no pause of another thread of it can
be longer by its own doing. The ordinary trace has the snapshots, requests and style sheets of a page with 20 rows;
hostile ones repeat one piece that once took time with the square of its length, or memory beyond its size.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import resource
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.table import Table

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.isolation.cleaning import CleaningLimits, RunSecrets, clean_isolated
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.runner.cli.console import console

SECRETS = [f"Kestrel-{number:02}-Harbour" for number in range(10)]
MB = 1_000_000
LIMITS = CleaningLimits(deadline_s=300.0, all_s=600.0)
HOSTILE = {
    "tags": "<input aaaa",
    "quotes": '"\'\\"',
    "entities": "&#",
    "comments": "<!--",
    "base64": "QUJDRGVm",
    "escapes": "%41&#65;",
}


def ordinary(size: int) -> Iterator[tuple[str, bytes]]:
    """Yields the members of an ordinary trace of about `size` bytes."""
    rows = [["LI", {"class": "row"}, ["A", {"href": f"/class/{number}"}, f"Period {number}"]] for number in range(20)]
    snapshot = {"callId": "call@1", "html": ["HTML", {"lang": "en"}, ["BODY", {}, *rows]], "frameId": "frame@1"}
    lines = "\n".join(
        json.dumps({"type": "frame-snapshot", "snapshot": {**snapshot, "timestamp": number}})
        for number in range(size // 2 // len(json.dumps(snapshot)))
    )
    rule = ".row {} {{ color: #1f0c22; padding: 4px }}\n"
    yield "trace.trace", lines.encode()
    yield "resources/page.css", "".join(rule.format(number) for number in range(size // 2 // len(rule))).encode()


def hostile(piece: str, size: int) -> Iterator[tuple[str, bytes]]:
    """Yields the members of a trace with one text of `size` bytes in a page, and none else."""
    yield "trace.trace", b"{}"
    yield "resources/page.html", (piece * (size // len(piece))).encode()


def write(file: Path, members: Iterator[tuple[str, bytes]]) -> None:
    """Writes a trace. It is not compressed: a hostile one would be refused before it is read."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        for name, data in members:
            target.writestr(name, data)
    file.write_bytes(written.getvalue())


def cost(file: Path) -> tuple[float, float]:
    """Returns the processor seconds and the peak MiB of cleaning a file in a new process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_clean_here, (file,))


def _clean_here(file: Path) -> tuple[float, float]:
    began = time.process_time()
    trace = Artifact(kind=ArtifactKind.TRACE, name=file.name)
    clean([trace], file.parent, KnownSecrets(SECRETS), quarantine=file.parent / "quarantine")
    return time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def held_s(file: Path) -> float:
    """Returns the processor seconds of this process while another one cleans a file."""
    trace = Artifact(kind=ArtifactKind.TRACE, name=file.name)
    began = time.process_time()
    secrets = RunSecrets(KnownSecrets(SECRETS))
    clean_isolated([trace], file.parent, secrets, quarantine=file.parent / "quarantine", limits=LIMITS)
    return time.process_time() - began


@click.command()
@click.option("--sizes", default="1,4,16", show_default=True, help="MB, with commas between.")
def main(sizes: str) -> None:
    """Measures and prints a table."""
    table = Table("trace", "MB", "seconds", "peak MiB", "held, ms")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.zip"
        for name in ("ordinary", *HOSTILE):
            for size in map(int, sizes.split(",")):
                rows: list[float] = []
                for measure in (cost, held_s):
                    write(file, ordinary(size * MB) if name == "ordinary" else hostile(HOSTILE[name], size * MB))
                    found = measure(file)
                    rows += found if isinstance(found, tuple) else (found,)
                table.add_row(name, str(size), f"{rows[0]:.2f}", f"{rows[1]:.0f}", f"{rows[2] * 1000:.0f}")
    console().print(table)


if __name__ == "__main__":
    main()
