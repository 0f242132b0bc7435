"""Runs the practice school in a process of its own: `python -m firstbell.journeys.practice`.

Writes one line of JSON on standard output when it is open, or the reason why it cannot open. Ends on SIGTERM or SIGINT,
and when standard input ends, so that it does not outlive a parent that is killed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from typing import Any

from firstbell.journeys.practice.app import PracticeDistrict
from firstbell.journeys.practice.options import LOCALHOST, NAME_SERVER, PracticeOptions


async def run(options: PracticeOptions) -> int:
    """Opens the school, writes its addresses, and closes it when it is told to stop. Returns the exit status."""
    if options.problem:
        return fail(options.problem)
    district = PracticeDistrict(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    # Only the end of a pipe means that the parent is gone; a terminal or /dev/null tells nothing about it.
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1024) else stop.set())
    try:
        await district.open()
    except OSError as error:
        await district.close()
        return fail(
            f"port 53 of {options.names} cannot be opened ({error.strerror}); run as root, or choose another address"
        )
    write_line(district.introduction())
    await stop.wait()
    await district.close()
    return 0


def fail(reason: str) -> int:
    """Writes why the school does not open. Returns the exit status."""
    write_line({"error": reason})
    return 2


def write_line(document: dict[str, Any]) -> None:
    """Writes the line of JSON that the parent reads."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def parse_options() -> PracticeOptions:
    """Reads the options from the command line."""
    parser = argparse.ArgumentParser(prog="python -m firstbell.journeys.practice", description=__doc__)
    parser.add_argument(
        "--tls", action="store_true", help="serve HTTPS, with a new certificate authority at every start"
    )
    parser.add_argument("--domain", default=LOCALHOST, help="domain of the services, answered by an own name server")
    parser.add_argument("--names", default=NAME_SERVER, help="loopback address of the name server")
    arguments = parser.parse_args()
    return PracticeOptions(tls=arguments.tls, domain=arguments.domain, names=arguments.names)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(parse_options())))
