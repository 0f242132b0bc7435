"""Says to systemd how the service is, where systemd started it (man sd_notify): one datagram to a socket."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify(**said: str | int) -> None:
    """Tell, such as `notify(READY=1, STATUS="watching")`. Nobody hears it where there is no systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    text = "\n".join(f"{name}={value}" for name, value in said.items())
    where = "\0" + address[1:] if address.startswith("@") else address
    # A manager that does not listen is no reason to stop watching a school.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(text.encode(), where)


def reloading() -> None:
    """The configuration is being read again (man systemd.service, `notify-reload`)."""
    notify(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)


def watchdog_s() -> float | None:
    """How often systemd wants to hear of us; None when it does not. Half of its patience, as its manual advises."""
    patience = os.environ.get("WATCHDOG_USEC", "")
    return int(patience) / 2_000_000 if patience.isdecimal() and int(patience) else None
