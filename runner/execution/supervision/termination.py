"""Ends a worker in four stages, until nothing of it is left.

    quit    Quit on its pipe; it closes its browser. A worker in mid-attempt cannot read it and is not asked.
    child   SIGKILL for the Python process. Its driver sees the pipe end and closes the browser properly.
    tree    SIGKILL for the rest of its process tree.
    verify  no process, no temporary folder; leftovers are reported.

The browser lives in a session of its own, so a group kill misses it (playwright `processLauncher.ts`: `detached`). The
process tree is found twice: by ancestry, read before the first kill because orphans get another parent, and by a marker
in the environment. On Linux orphans come to this process (child sub-reaper) and are reaped.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from firstbell.runner.execution.supervision.owned_folder import OwnedFolder, has_living_owner
from firstbell.runner.execution.supervision.process_identity import (
    boot_of_folder,
    current_place,
    folder_name,
    folder_owner_is_gone,
    owner_is_gone,
)

MARKER = "FIRSTBELL_WORKER"
PREFIX = "firstbell-"
# A healthy driver closes its browser in a fraction of this; a broken one would take its full 30 s.
DRIVER_S = 3.0
GONE_S = 5.0
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverProcesses:
    """Processes and a folder that could not be removed. Empty if all are gone."""

    processes: tuple[int, ...] = ()
    folder: str = ""

    def __str__(self) -> str:
        leftovers = [f"process {pid}" for pid in self.processes] + ([self.folder] if self.folder else [])
        return ", ".join(leftovers)


def adopt_orphans() -> None:
    """Makes orphaned descendants children of this process, so that they can be found and reaped. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans() -> None:
    """Reaps adopted orphans that have ended: a grandchild without a waiting parent stays a zombie."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)


def temporary_folder() -> OwnedFolder:
    """Creates a worker's temporary folder, named after its owner. The path is short: Chromium puts sockets into it."""
    return OwnedFolder(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{folder_name()}-")))


def end_worker(process: subprocess.Popen[bytes], marker: str, folder: Path) -> LeftoverProcesses:
    """Runs the stages from `child` to `verify`."""
    tree = _descendants(process.pid)
    process.kill()
    process.wait(GONE_S)
    psutil.wait_procs(tree, timeout=DRIVER_S)
    return _verify_gone(tree, marker, folder)


def end_leftovers(marker: str, folder: Path) -> LeftoverProcesses:
    """Runs the stages from `tree` to `verify`, for a worker that has ended by itself."""
    return _verify_gone([], marker, folder)


def _verify_gone(tree: list[psutil.Process], marker: str, folder: Path) -> LeftoverProcesses:
    deadline = time.monotonic() + GONE_S
    while remaining := _alive([*tree, *_marked(marker)]):
        for process in remaining:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(remaining, timeout=1.0)
        if time.monotonic() > deadline:
            break
    shutil.rmtree(folder, ignore_errors=True)
    return LeftoverProcesses(
        processes=tuple(process.pid for process in remaining), folder=str(folder) if folder.exists() else ""
    )


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _marked(marker: str) -> list[psutil.Process]:
    """Returns the processes of a worker, wherever they are in the process tree."""
    return [process for process, value in _all_marked() if value == marker]


def _all_marked() -> Iterable[tuple[psutil.Process, str]]:
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            if value := process.environ().get(MARKER):
                yield process, value


def _alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    processes_by_id = {process.pid: process for process in processes}
    remaining = []
    for process in processes_by_id.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                remaining.append(process)
    return remaining


def sweep_leftovers() -> int:
    """Removes processes and folders of crashed First Bell processes on this machine. Returns how many were removed."""
    swept = 0
    for process, marker in _all_marked():
        if owner_is_gone(marker.rpartition("/")[0]):
            with contextlib.suppress(psutil.Error):
                process.kill()
                swept += 1
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*-*-*-*"):
        name = folder.name.removeprefix(PREFIX).rpartition("-")[0]
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.geteuid() and _is_leftover(folder, name):
                shutil.rmtree(folder)
                swept += 1
    return swept


def _is_leftover(folder: Path, name: str) -> bool:
    """True for a folder of a process that is gone or ran before the last boot: temporary folders are one machine's."""
    if (is_in_use := has_living_owner(folder)) is not None:
        return not is_in_use
    boot, boot_now = boot_of_folder(name), current_place().boot
    return folder_owner_is_gone(name) or bool(boot and boot_now and boot != boot_now)
