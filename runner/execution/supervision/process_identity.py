"""Identifies the process that owns a slot, a lock or a folder, and tells it from a later one with the same number.

An identity is `host:pid:start:place`. `start` counts clock ticks since boot (proc(5): field 22 of `/proc/PID/stat`),
which no step of the wall clock moves. `place` is `boot-namespace`, hashes of the machine and boot, and of the
namespaces in which its number and its ticks count: machines and containers with one host name have different ones. The
host is for readers alone. Earlier versions wrote `host:pid:second`: whether such an owner lives cannot be told.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

PROC = Path("/proc")
MACHINE_ID = Path("/etc/machine-id")
# With all parts an identity has at most 65 characters: the column of a lock's holder has 80, some for a prefix.
_HOST_CHARACTERS = 28
_ENDED = ("Z", "X")  # A process that nobody has waited for runs nothing any more.


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPlace:
    """A boot of a machine and namespaces in it, within which process numbers can be compared. Both are hexadecimal
    hashes; `boot` is empty if the system does not tell."""

    boot: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.boot}-{self.namespace}"


def this_process() -> str:
    """Returns this process as `host:pid:start:place`, such as `bell-probe:4711:8812345:1f0c22ab-99e01d`."""
    return _identity_of(os.getpid())


def folder_name() -> str:
    """Returns a name for a folder of this process, without a colon, such as `4711-8812345-1f0c22ab-99e01d`."""
    return this_process().split(":", 1)[1].replace(":", "-")


def owner_is_gone(owner: str) -> bool:
    """True if an owner has surely ended. Owners on other machines, in other containers, before the last boot or of an
    earlier version cannot be told: their leases must run out. This process is never gone."""
    _, number, started, place = parts if len(parts := owner.split(":")) == 4 else ("", "", "", "")
    if not number.isdecimal() or (number, started, place) == tuple(this_process().split(":")[1:]):
        return False
    here = current_place()
    return bool(here.boot) and place == str(here) and not _is_running(int(number), started)


def folder_owner_is_gone(name: str) -> bool:
    """True if the owner of a folder with a `folder_name` has surely ended."""
    return owner_is_gone(":" + name.replace("-", ":", 2)) if name.count("-") == 3 else False


def boot_of_folder(name: str) -> str:
    """Returns the hash of the boot in a `folder_name`; empty if the name is of another form."""
    return name.split("-")[2] if name.count("-") == 3 else ""


def current_place() -> ProcessPlace:
    """Returns the place of this process. `boot` is empty where process numbers cannot be relied upon."""
    return _place_of(os.getpid())


@lru_cache(maxsize=1)
def _place_of(pid: int) -> ProcessPlace:
    if not PROC.is_dir():  # macOS: no namespaces, and no boot id in a file; the network card is the machine.
        node = uuid.getnode()
        is_random = bool(node >> 40 & 1)  # RFC 4122, 4.5: the multicast bit marks a number made up for this process.
        return ProcessPlace(boot="" if is_random else _hash(8, str(node)), namespace=_hash(6, ""))
    boot, pids = _text(PROC / "sys/kernel/random/boot_id"), _link(PROC / "self/ns/pid")
    # A container may show the /proc of another PID namespace, in which its own number means another process.
    if not boot or not pids or _link(PROC / "self") != str(pid):
        return ProcessPlace(boot="", namespace=_hash(6, pids))
    # Ticks since boot are shown with the offset of a time namespace: time_namespaces(7).
    return ProcessPlace(boot=_hash(8, _text(MACHINE_ID), boot), namespace=_hash(6, pids, _link(PROC / "self/ns/time")))


@lru_cache(maxsize=1)
def _identity_of(pid: int) -> str:
    host = socket.gethostname().replace(":", "-")[:_HOST_CHARACTERS]
    return f"{host}:{pid}:{_start_of(pid)[0]}:{current_place()}"


def _is_running(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # It exists, and belongs to another user.
    start, state = _start_of(pid)
    # A process of another user may be hidden (proc(5), hidepid): it exists, and no more can be told.
    return not start or (start == started and state not in _ENDED)


def _start_of(pid: int) -> tuple[str, str]:
    """Returns when a process began, in ticks, and its state (one letter); empty if it is gone or hidden."""
    if not PROC.is_dir():
        try:
            return str(int(psutil.Process(pid).create_time())), ""
        except psutil.Error:
            return "", ""
    # The name of a process, in brackets, may hold spaces and brackets.
    fields = _text(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return (fields[19], fields[0]) if len(fields) > 19 else ("", "")


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _link(file: Path) -> str:
    try:
        return str(file.readlink())
    except OSError:
        return ""


def _hash(characters: int, *texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:characters]
