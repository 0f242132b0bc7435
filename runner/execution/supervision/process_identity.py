"""Identifies the process that owns a slot, a lock or a folder, and tells it from a later one with the same number."""

from __future__ import annotations

import os
import socket

import psutil


def this_process() -> str:
    """Returns this process as `host:pid:start`, such as `bell-probe:4711:1795457342`; start is a wall-time second."""
    return f"{_host()}:{os.getpid()}:{_start_of(os.getpid())}"


def owner_is_gone(owner: str) -> bool:
    """True if an owner on this host has ended. Owners on other hosts cannot be checked: their leases must run out."""
    host, _, started = owner.rpartition(":")
    host, _, number = host.rpartition(":")
    return host == _host() and number.isdecimal() and _start_of(int(number)) != started


def _host() -> str:
    return socket.gethostname().replace(":", "-")[:60]


def _start_of(pid: int) -> str:
    """Returns the second in which a process began; empty if it does not exist."""
    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.Error:
        return ""
