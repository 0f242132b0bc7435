"""Tests that a child process sends and receives lines, exits when asked, and else is killed with all that it left."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import TypeAdapter

from firstbell.runner.execution.supervision import child_process
from firstbell.runner.execution.supervision.child_process import ChildGone, ChildProcess
from firstbell.runner.execution.supervision.protocol import Quit

Messages = queue.SimpleQueue[int | None]
Start = Callable[[str], tuple[ChildProcess[int], Messages]]
SECONDS = 20.0

ENDS = "import os\nprint(1, flush=True)\ninput()\nprint(2, flush=True)\n"
STAYS = "import time\nprint(1, flush=True)\ntime.sleep(600)\n"
BABBLES = "print('1\\nnonsense\\n2', flush=True)\ninput()\n"
LEAVES = (
    "import os, subprocess, sys\n"
    "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
    "print(left.pid, flush=True)\n"
    "input()\n"
)
WHERE = (
    "import tempfile\nfile = tempfile.NamedTemporaryFile(prefix='mine-', delete=False)\nprint(1, flush=True)\ninput()\n"
)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a child that runs a text; kills whatever is left."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    begun: list[ChildProcess[int]] = []
    with (tmp_path / "log").open("ab") as log:

        def starting(text: str) -> tuple[ChildProcess[int], Messages]:
            (tmp_path / "task.py").write_text(text)
            messages: Messages = queue.SimpleQueue()
            child = ChildProcess("task", reads=TypeAdapter(int), on_message=messages.put, log=log)
            begun.append(child)
            return child, messages

        yield starting
        for child in begun:
            child.kill()


def test_child_asked_to_end_sends_its_last_message(start: Start) -> None:
    child, messages = start(ENDS)
    assert messages.get(timeout=SECONDS) == 1
    child.close(Quit())
    assert [messages.get(timeout=SECONDS), messages.get(timeout=SECONDS)] == [2, None]
    assert not child.alive


def test_child_that_does_not_end_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "QUIT_S", 0.2)
    child, messages = start(STAYS)
    assert messages.get(timeout=SECONDS) == 1
    child.close(Quit())
    assert not child.alive
    assert messages.get(timeout=SECONDS) is None
    child.close(Quit())
    child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the environment of an orphan in another session")
@pytest.mark.parametrize("how", ["close", "kill"])
def test_descendants_end_with_the_child(start: Start, how: str) -> None:
    child, messages = start(LEAVES)
    left = psutil.Process(messages.get(timeout=SECONDS) or 0)
    child.close(Quit()) if how == "close" else child.kill()
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE


def test_temporary_folder_is_removed_with_the_child(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    child, messages = start(WHERE)
    assert messages.get(timeout=SECONDS) == 1
    assert len(list((tmp_path / "temporary").glob("*/mine-*"))) == 1
    child.close(Quit())
    assert not list((tmp_path / "temporary").iterdir())


def test_no_message_is_read_after_an_invalid_line(start: Start) -> None:
    child, messages = start(BABBLES)
    assert [messages.get(timeout=SECONDS), messages.get(timeout=SECONDS)] == [1, None]
    child.close(Quit())
    assert messages.empty()


def test_child_that_is_gone_cannot_be_sent_anything(start: Start) -> None:
    child, messages = start("")
    assert messages.get(timeout=SECONDS) is None
    child.kill()
    with pytest.raises(ChildGone):
        child.send(Quit())
