"""Tests of the machine's measurements with processes that the kernel really lets wait."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firstbell.runner.execution.runs import machine_load
from firstbell.runner.execution.runs.machine_load import page_wait_share

BUSY = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
IDLE = "import time; time.sleep(60)"


@contextmanager
def children(code: str, *arguments: str, number: int = 1) -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-c", code, *arguments]) for _ in range(number)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this kernel keeps no /proc/PID/schedstat")
def test_a_page_that_shares_its_processor_waits_and_an_idle_page_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five processes that never rest share one processor: each waits for four fifths of the time."""
    monkeypatch.setattr(machine_load, "PAGE_AGE_S", 0.0)
    page = "--type=renderer"
    with children(IDLE, page):
        time.sleep(0.3)  # Not a wait: the life of an idle page.
        assert page_wait_share() < 0.5
        with children(BUSY, "--type=utility", number=4):
            assert page_wait_share() < 0.5
            with children(BUSY, page):
                deadline = time.monotonic() + 20
                while (share := page_wait_share()) < 0.5:
                    assert time.monotonic() < deadline, share
                    time.sleep(0.1)
    assert page_wait_share() == 0.0
