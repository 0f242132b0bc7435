"""Tests of `firstbell trace`: the choice of the trace, and the server that runs until a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request

import psutil
import pytest

from firstbell.runner.cli.evidence.trace import chosen_trace

TWO = ["index.html", "attempt-2/student/trace.zip", "attempt-2/teacher/trace.zip", "attempt-2/both.zip", "viewer/x.zip"]


@pytest.mark.parametrize(
    ("names", "actor", "chosen"),
    [
        pytest.param(TWO, "", "attempt-2/both.zip", id="all on one time line"),
        pytest.param(TWO, "teacher", "attempt-2/teacher/trace.zip", id="one actor"),
        pytest.param(TWO, "parent", "", id="unknown actor"),
        pytest.param(TWO[:2], "", "attempt-2/student/trace.zip", id="the only one"),
        pytest.param(["index.html", "viewer/x.zip"], "", "", id="none"),
    ],
)
def test_trace_is_chosen_by_actor(names: list[str], actor: str, chosen: str) -> None:
    assert chosen_trace(names, actor) == chosen


@pytest.mark.browser
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_server_idles_without_a_terminal_until_a_signal(number: signal.Signals) -> None:
    program = "from firstbell.runner.cli.evidence.evidence import show; show({'index.html': b'a bag'})"
    environment = {**os.environ, "BROWSER": "true", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as showing:
        assert showing.stdout is not None
        address = showing.stdout.readline().split()[1]
        try:
            with urllib.request.urlopen(address + "index.html") as answer:  # noqa: S310  # our own
                assert answer.read() == b"a bag"
            assert psutil.Process(showing.pid).cpu_percent(interval=0.5) < 50
            showing.send_signal(number)
            assert showing.wait(30) == 0
        finally:
            showing.kill()
