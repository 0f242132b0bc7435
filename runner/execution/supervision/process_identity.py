"""Who holds a slot, a lock, a folder or a process: a process of a host, told apart from a later one with its number."""

from __future__ import annotations

import os
import socket

import psutil


def this_process() -> str:
    """This process, such as `bell-probe:4711:1795457342`: host, number, and the second in which it began."""
    return f"{_host()}:{os.getpid()}:{_began(os.getpid())}"


def owner_is_gone(owner: str) -> bool:
    """Whether an owner on this host has ended. Of other hosts nobody here can tell: their leases must run out."""
    host, _, began = owner.rpartition(":")
    host, _, number = host.rpartition(":")
    return host == _host() and number.isdecimal() and _began(int(number)) != began


def _host() -> str:
    return socket.gethostname().replace(":", "-")[:60]


def _began(pid: int) -> str:
    """The second in which a process began; empty when there is none."""
    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.Error:
        return ""
