"""The process in which recordings are cleaned: `python -m firstbell.artifacts.isolation.cleaning_child`.

It imports the redaction once and forks for each job, since an import takes longer than most cleaning. The fork has the
limits of the job; this process sees no recording, and ends a fork that does not end by itself. One JSON line a job
comes in, one JSON line for each state of a file and one for the end of a job go out. It ends with its parent's pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import cleaned

ENDED = b'{"ended": true}\n'


def main() -> None:
    """Do jobs until the parent's pipe ends."""
    os.nice(int(sys.argv[1]))
    while line := sys.stdin.buffer.readline():
        do_job(line)
        del line


def do_job(line: bytes) -> None:
    """Do one job in a fork, and end the fork at the deadline or when the parent is gone."""
    job = json.loads(line)
    alive, held_by_fork = os.pipe()
    if (fork := os.fork()) == 0:
        os.close(alive)
        _clean(job)
    os.close(held_by_fork)
    # The fork's end of the pipe closes with it, whatever ends it; the parent writes nothing until this job is done.
    ready, _, _ = select.select([alive, sys.stdin.fileno()], [], [], job["deadline_s"])
    if alive not in ready:
        os.kill(fork, signal.SIGKILL)
    os.waitpid(fork, 0)
    os.close(alive)
    _send(ENDED)


def _clean(job: dict[str, Any]) -> None:
    """Clean, within the limits, and end this process."""
    try:
        _limit(job)
        artifacts = [Artifact(kind=ArtifactKind(kind), name=name) for kind, name in job["files"]]
        for one in cleaned(artifacts, Path(job["folder"]), KnownSecrets(job["known"]), job["found"]):
            state = {"name": one.name, "state": one.state.value, "said": one.said}
            _send(json.dumps({**state, "found": sorted(one.found), "removed": one.removed}).encode() + b"\n")
    finally:
        os._exit(0)


def _limit(job: dict[str, Any]) -> None:
    """Set the limits of this process. A system that does not have one (macOS: memory) leaves the deadline."""
    limits = {
        resource.RLIMIT_AS: job["memory_bytes"],
        resource.RLIMIT_FSIZE: job["memory_bytes"],
        resource.RLIMIT_CPU: round(job["deadline_s"]) + 1,
        resource.RLIMIT_CORE: 0,
    }
    for name, most in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(name, (most, most))


def _send(line: bytes) -> None:
    while line:
        line = line[os.write(sys.stdout.fileno(), line) :]


if __name__ == "__main__":
    main()
