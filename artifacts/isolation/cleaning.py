"""Cleaning of a run's recordings in another process, with a deadline and a limit of memory.

A file whose cleaning does not end, or ends the process, goes into quarantine; the others are cleaned anew. Secrets
reach the other process by its pipe, and it gets no environment but what Python needs.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from firstbell.artifacts.evidence import Artifact
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import CleaningProgress, CleaningState, RedactionResult, result_of

MODULE = "firstbell.artifacts.isolation.cleaning_child"
# Lower than journeys, higher than what is idle.
NICE = 10
# Above the deadline of the other process, which ends its fork itself.
GRACE_S = 10.0
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
_LINE_BYTES = 16 << 20
_TOO_LONG = "cleaning it takes longer than any recording of a class"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningLimits:
    """The limits of cleaning one run: `deadline_s` of the wall clock until a file is given up, `all_s` for all files,
    and `memory_mib` of address space. `benchmarks.cleaning` measures what recordings take."""

    deadline_s: float = 100.0
    all_s: float = 200.0
    memory_mib: int = 1024


@dataclass(frozen=True, slots=True)
class RunSecrets:
    """The secrets of one run: those that are `known` of old, and those that it `met`, which a page may have chosen."""

    known: KnownSecrets
    met: Set[str] = field(default=frozenset(), repr=False)


class _Child:
    """A process that cleans. Any of its calls may raise OSError: it is gone."""

    def __init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith("PYTHON")}
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", MODULE, str(NICE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
            start_new_session=True,
        )
        self._read = b""

    @property
    def is_alive(self) -> bool:
        """True until it has ended."""
        return self._process.poll() is None

    def do(self, job: dict[str, Any], deadline_s: float) -> Iterator[dict[str, Any]]:
        """Send a job and yield its lines until its end."""
        assert self._process.stdin is not None  # noqa: S101  # a pipe was asked for
        until = time.monotonic() + deadline_s
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        while "ended" not in (line := json.loads(self._line(until))):
            yield line

    def _line(self, until: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101  # a pipe was asked for
        number = self._process.stdout.fileno()
        while b"\n" not in self._read:
            # Not select(): a service may have more than 1024 files open.
            waiting = select.poll()
            waiting.register(number, select.POLLIN)
            if not waiting.poll(max(0.0, until - time.monotonic()) * 1000):
                raise TimeoutError
            data = os.read(number, 1 << 16)
            if not data or len(self._read) > _LINE_BYTES:
                raise EOFError
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line

    def end(self) -> None:
        """End it with all that it has started. Idempotent."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


class _IdleChild:
    """The one process that waits for the next job, since a start takes longer than most cleaning."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def take(self) -> _Child:
        """Return it, or a new one. Raises OSError."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None and not child.is_alive:
            child.end()
            child = None
        return child or _Child()

    def give_back(self, child: _Child) -> None:
        """Keep it for the next job, or end it if there is one already."""
        with self._lock:
            surplus, self._child = self._child, child
        if surplus is not None:
            surplus.end()

    def end(self) -> None:
        """End it. The next job starts a new one."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()


_idle = _IdleChild()
end_idle_child = _idle.end
atexit.register(end_idle_child)


def clean_isolated(
    artifacts: Iterable[Artifact],
    folder: Path,
    secrets: RunSecrets,
    *,
    quarantine: Path,
    limits: CleaningLimits | None = None,
) -> RedactionResult:
    """Clean each artifact in place, in another process. A file that cannot be cleaned, or not within the limits, is
    moved to `quarantine`, and is missing. Raises OSError only if that cannot be done."""
    artifacts, limits = tuple(artifacts), limits or CleaningLimits()
    progress: list[CleaningProgress] = []
    waiting = [artifact for artifact in artifacts if not artifact.missing]
    until = time.monotonic() + limits.all_s
    while waiting:
        done: list[CleaningProgress] = []
        left_s = min(limits.deadline_s, until - time.monotonic())
        said = _TOO_LONG if left_s <= 0 else _job(waiting, folder, secrets, (left_s, limits.memory_mib), done)
        progress += done
        secrets = replace(secrets, met=frozenset(secrets.met).union(*(one.found for one in done)))
        begun, ended = {one.name for one in done}, {one.name for one in done if one.state is not CleaningState.READ}
        # All files are read, then all are cleaned: the first that has not come as far as the others stopped it.
        waiting = [artifact for artifact in waiting if artifact.name not in ended]
        waiting.sort(key=lambda artifact: artifact.name in begun)
        if waiting:
            progress.append(CleaningProgress(name=waiting.pop(0).name, state=CleaningState.FAILED, said=said))
    return result_of(artifacts, folder, quarantine, progress)


def _job(
    waiting: list[Artifact],
    folder: Path,
    secrets: RunSecrets,
    limits: tuple[float, int],
    done: list[CleaningProgress],
) -> str:
    """Clean the files that wait within some seconds and MiB, and add to `done` how far it came. Returns why it did not
    come to an end, if it did not."""
    began, (deadline_s, memory_mib) = time.monotonic(), limits
    job = {
        "folder": str(folder),
        "files": [[artifact.kind.value, artifact.name] for artifact in waiting],
        "known": sorted(secrets.known.values),
        "found": sorted(secrets.met),
        "deadline_s": deadline_s,
        "memory_bytes": memory_mib << 20,
    }
    try:
        child = _idle.take()
    except OSError as error:
        return f"no process could be started to clean it ({error.strerror or type(error).__name__})"
    try:
        done.extend(map(_progress, child.do(job, deadline_s + GRACE_S)))
    except (OSError, EOFError, ValueError, KeyError):  # TimeoutError is an OSError.
        child.end()
    except BaseException:
        child.end()
        raise
    else:
        _idle.give_back(child)
    return _TOO_LONG if time.monotonic() - began >= deadline_s else "the process that cleaned it died"


def _progress(line: dict[str, Any]) -> CleaningProgress:
    return CleaningProgress(
        name=line["name"],
        state=CleaningState(line["state"]),
        said=line["said"],
        found=frozenset(line["found"]),
        removed=line["removed"],
    )
