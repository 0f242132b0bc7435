"""`firstbell record`, with Playwright's own recorder and a page that opens and closes by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from firstbell.runner.authoring.journey_ast import read_journeys
from firstbell.runner.authoring.recording.recorder import NoScreen, must_have_a_screen
from tests.end_to_end.conftest import Firstbell

CONFIG = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\njourneys = ["mine"]\n'
# Playwright's own tests close the recorder so.
BY_ITSELF = {"PWTEST_CLI_IS_UNDER_TEST": "1", "PWTEST_CLI_HEADLESS": "1", "PWTEST_CLI_EXIT_AFTER_TIMEOUT": "1000"}


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder for temporary files with a short path: Chromium's profile there has a socket in it (unix(7))."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_signed_in_recording_becomes_a_journey_that_passes(firstbell: Firstbell, tmp_path: Path, private: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    (tmp_path / "mine").mkdir()
    done = firstbell(
        "record", "platform", "--as", "student", "--signed-in", "--name", "classes", **BY_ITSELF, TMPDIR=str(private)
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "mine" / "test_classes.py").read_text()
    titles = [step.title for step in read_journeys(text).steps]
    assert titles == ["opens the portal", "signs in", "opens classes"]
    assert not list(private.glob("firstbell-*"))
    played = firstbell("run", "classes")
    assert played.returncode == 0, played.stdout + text


def test_recorder_uses_egress_and_device_of_the_request(firstbell: Firstbell, tmp_path: Path, private: Path) -> None:
    ways = '[practice]\ntls = true\n[locations.here]\n[locations.home]\nproxy = "practice:outside"\n'
    (tmp_path / "firstbell.toml").write_text(CONFIG + ways)
    (tmp_path / "mine").mkdir()
    asked = ("--signed-in", "--name", "classes", "--from", "home", "--device", "iPad (gen 7)", "--browser", "chromium")
    done = firstbell("record", "platform", *asked, **BY_ITSELF, TMPDIR=str(private))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "mine" / "test_classes.py").read_text()
    # Without the location's way there is no certificate that holds, and so no page with this name.
    assert [step.title for step in read_journeys(text).steps] == ["opens the portal", "signs in", "opens classes"]
    assert 'playwright.devices["iPad (gen 7)"]' in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["told to end", "the line drops"])
def test_interrupted_recording_leaves_no_secrets_or_processes(
    tmp_path: Path, private: Path, number: signal.Signals
) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    (tmp_path / "mine").mkdir()
    environment = {**os.environ, "PWTEST_CLI_HEADLESS": "1", "TMPDIR": str(private)}
    command = [sys.executable, "-c", "from firstbell.runner.cli.main import main; main()", "record", "edge"]
    # Where pytest itself ignores a signal (nohup), so would the command, and it would be right to.
    heeding = partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        preexec_fn=heeding,  # noqa: PLW1509  # no threads before it
    ) as recording:
        try:
            wait_until(lambda: bool(list(private.glob("firstbell-*/recorded.py"))))
            recording.send_signal(number)
            assert recording.wait(30) == 128 + number
        finally:
            recording.kill()
    assert not list(private.glob("firstbell-*"))
    wait_until(lambda: not _command_lines_with(private))


def _command_lines_with(private: Path) -> list[list[str]]:
    """The command lines of processes that name this folder."""
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if any(str(private) in part for part in line)]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_missing_screen_message_says_what_to_do(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    (tmp_path / "mine").mkdir()
    done = firstbell("record", "edge", DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 2
    assert "xvfb-run firstbell record" in done.stderr
    assert "ssh -X" in done.stderr
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("environment", [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}])
def test_x11_and_wayland_screens_are_accepted(environment: dict[str, str]) -> None:
    must_have_a_screen(environment, "linux")
    must_have_a_screen({}, "darwin")
    with pytest.raises(NoScreen):
        must_have_a_screen({}, "linux")
