"""Runs the practice school in a process of its own: `python -m journeys.practice`.

Says one line of JSON on standard output when it is open, and ends on SIGTERM, SIGINT, or when standard input ends,
so that nothing is left of it when whoever started it is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys

from journeys.practice.district import PracticeDistrict


async def run() -> None:
    """Open, say so, wait for the end, close."""
    district = PracticeDistrict()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    # Only a pipe can end: a terminal or /dev/null says nothing about whoever started us.
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1024) else over.set())
    await district.open()
    sys.stdout.write(json.dumps(district.introduction()) + "\n")
    sys.stdout.flush()
    await over.wait()
    await district.close()


if __name__ == "__main__":
    asyncio.run(run())
