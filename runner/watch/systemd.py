"""Reports the state of the service to systemd, if systemd started it (man sd_notify): one datagram to a socket."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify(**fields: str | int) -> None:
    """Sends fields such as `notify(READY=1, STATUS="watching")`. Does nothing without systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    text = "\n".join(f"{name}={value}" for name, value in fields.items())
    path = "\0" + address[1:] if address.startswith("@") else address
    # The service goes on if systemd does not receive.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), path)


def reloading() -> None:
    """Reports that the configuration is being read again (man systemd.service, `notify-reload`)."""
    notify(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)


def watchdog_s() -> float | None:
    """Returns the interval of watchdog signals, half of systemd's limit as its manual advises; None without a limit."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    return int(limit_us) / 2_000_000 if limit_us.isdecimal() and int(limit_us) else None
