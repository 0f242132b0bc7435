"""Runs the practice school in a process of its own: `python -m firstbell.journeys.practice`.

Says one line of JSON on standard output when it is open, or why it cannot be, and ends on SIGTERM, SIGINT, or when
standard input ends, so that nothing is left of it when whoever started it is killed.
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


async def run(setting: PracticeOptions) -> int:
    """Open, say so, wait for the end, close."""
    if setting.problem:
        return refused(setting.problem)
    district = PracticeDistrict(setting)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    # Only a pipe can end: a terminal or /dev/null says nothing about whoever started us.
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1024) else over.set())
    try:
        await district.open()
    except OSError as error:
        await district.close()
        where = f"port 53 of {setting.names}"
        return refused(f"{where} cannot be had ({error.strerror}); be root, or choose another address")
    say(district.introduction())
    await over.wait()
    await district.close()
    return 0


def refused(why: str) -> int:
    """Say why it does not open."""
    say({"error": why})
    return 2


def say(told: dict[str, Any]) -> None:
    """The one line."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def setting() -> PracticeOptions:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m firstbell.journeys.practice", description=__doc__)
    parser.add_argument("--tls", action="store_true", help="behind TLS, with an authority made at every start")
    parser.add_argument("--domain", default=LOCALHOST, help="names of its own, from a name server of its own")
    parser.add_argument("--names", default=NAME_SERVER, help="the name server's loopback address")
    given = parser.parse_args()
    return PracticeOptions(tls=given.tls, domain=given.domain, names=given.names)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(setting())))
