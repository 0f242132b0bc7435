"""Tests that a crash or hang under a run is the probe's own fault, leaves nothing behind, and the next run passes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from firstbell.artifacts.policy import RecordingOptions
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision import supervisor
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.process_identity import this_process
from firstbell.runner.execution.supervision.protocol import FromWorker, PlayAttempt, StepBegan
from firstbell.runner.execution.supervision.recycling import RecycleReason
from firstbell.runner.execution.supervision.termination import (
    MARKER,
    adopt_orphans,
    reap_orphans,
    sweep_leftovers,
    temporary_folder,
)
from firstbell.runner.outcome import Outcome

pytestmark = [pytest.mark.browser, pytest.mark.faults]

CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true
journeys = ["hostile"]

[browser]
step_limit = "5s"

[journeys.endless]
deadline = "4s"

[journeys.litter]
deadline = "4s"

[journeys.class-list]
deadline = "16s"
"""
ENDLESS = '''"""Never ends."""
import pytest

@pytest.mark.journey("endless", relies_on=["edge"])
def test_endless(student):
    with student.step("loops", relies_on="edge"):
        while True:
            pass
'''
LITTER = '''"""Leaves a process behind that hangs on nobody, and never ends."""
import subprocess
import sys

import pytest

@pytest.mark.journey("litter", relies_on=["edge"])
def test_litter(student):
    with student.step("loops", relies_on="edge"):
        code = "import subprocess; subprocess.Popen(['sleep', '611'], start_new_session=True)"
        subprocess.run([sys.executable, "-c", code])
        while True:
            pass
'''
CRASH = '''"""The page crashes."""
import pytest

@pytest.mark.journey("crash", relies_on=["edge"])
def test_crash(student):
    with student.step("opens the portal", relies_on="edge"):
        student.page.goto("chrome://crash")
'''
HANGS = '''"""Passes, and stops its own browser before anything can be closed."""
import psutil
import pytest

@pytest.fixture
def brake(student):
    yield
    for process in psutil.Process().children(recursive=True):
        if any("--remote-debugging" in word for word in process.cmdline()):
            process.suspend()

@pytest.mark.journey("hangs", relies_on=["edge"])
def test_hangs(student, school, brake):
    with student.step("opens the portal", relies_on="edge"):
        school.open_portal(student)
'''


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    folder = tmp_path_factory.mktemp("district")
    (folder / "hostile").mkdir()
    (folder / "hostile" / "test_endless.py").write_text(ENDLESS)
    (folder / "hostile" / "test_crash.py").write_text(CRASH)
    (folder / "hostile" / "test_litter.py").write_text(LITTER)
    (folder / "hostile" / "test_hangs.py").write_text(HANGS)
    (folder / "firstbell.toml").write_text(CONFIG)
    with open_local_runner(load(folder / "firstbell.toml"), headed=False, quiet=True) as opened:
        yield opened


class At(SilentReporter):
    """Calls a function the moment that a step begins."""

    def __init__(self, title: str, deed: Callable[[], None]) -> None:
        self._title = title
        self._deed = deed

    def heard(self, message: FromWorker) -> None:
        if isinstance(message, StepBegan) and message.step.title == self._title:
            self._deed()


def family(opened: LocalRunner, *names: str) -> list[psutil.Process]:
    """Returns the worker's children whose command line contains one of the names; all of them, if none is given."""
    children = psutil.Process(opened.worker.worker.pid).children(recursive=True)
    return [child for child in children if not names or any(name in command(child) for name in names)]


def command(process: psutil.Process) -> str:
    """Returns a process's command line; empty if it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def kill(processes: list[psutil.Process], number: int = signal.SIGKILL) -> None:
    assert processes, "there is nothing to kill: the test would prove nothing"
    for process in processes:
        os.kill(process.pid, number)


def play(opened: LocalRunner, journey: str, reporter: SilentReporter) -> RunResult:
    return opened.play(opened.chosen([journey])[0], reporter)


def test_browser_killed_during_a_step_is_the_probes_own_fault(opened: LocalRunner) -> None:
    reporter = At("signs in", lambda: kill(family(opened, "--type=", "--headless", "--remote-debugging")))
    result = play(opened, "class-list", reporter)
    assert result.run.outcome is Outcome.ERRORED, result.document
    assert play(opened, "class-list", SilentReporter()).run.outcome is Outcome.PASSED


def test_driver_killed_during_a_step_is_the_probes_own_fault(opened: LocalRunner) -> None:
    result = play(opened, "class-list", At("signs in", lambda: kill(family(opened, "playwright/driver"))))
    assert result.run.outcome is Outcome.ERRORED, result.document
    assert play(opened, "class-list", SilentReporter()).run.outcome is Outcome.PASSED


def test_worker_killed_during_a_step_leaves_nothing_behind(opened: LocalRunner) -> None:
    before = family(opened)
    reporter = At("signs in", lambda: os.kill(opened.worker.worker.pid, signal.SIGKILL))
    result = play(opened, "class-list", reporter)
    assert result.run.outcome is Outcome.ERRORED
    assert "the worker process crashed" in result.document.attempts[0].said
    psutil.wait_procs(before, timeout=30)
    assert not [process for process in before if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert play(opened, "class-list", SilentReporter()).run.outcome is Outcome.PASSED


def test_endless_journey_is_killed_at_its_deadline(opened: LocalRunner) -> None:
    opened.worker.prepare()
    before = family(opened)
    result = play(opened, "endless", SilentReporter())
    assert result.run.outcome is Outcome.ERRORED
    assert "did not end before its deadline of 4 s" in result.document.attempts[0].said
    assert not psutil.wait_procs(before, timeout=10)[1]
    assert play(opened, "class-list", SilentReporter()).run.outcome is Outcome.PASSED


def test_orphan_of_a_journey_is_found_by_its_marker_and_killed(opened: LocalRunner) -> None:
    seen: list[int] = []

    def count() -> list[int]:
        return [process.pid for process in psutil.process_iter() if is_litter(process)]

    class Looks(SilentReporter):
        def heard(self, message: FromWorker) -> None:
            if isinstance(message, StepBegan):
                deadline = time.monotonic() + 3
                while not seen and time.monotonic() < deadline:
                    seen.extend(count())

    assert play(opened, "litter", Looks()).run.outcome is Outcome.ERRORED
    assert seen, "nothing was left hanging: the test would prove nothing"
    assert not count()


def is_litter(process: psutil.Process) -> bool:
    return command(process) == "sleep 611"  # What has ended has no command line.


def test_stopped_browser_and_driver_are_killed_with_everything(opened: LocalRunner) -> None:
    """A stopped driver cannot end the browser when its pipe ends: only killing the whole tree can."""
    opened.worker.prepare()
    before = family(opened)
    reporter = At("signs in", lambda: kill(family(opened), signal.SIGSTOP))
    result = play(opened, "class-list", reporter)
    assert result.run.outcome is Outcome.ERRORED, result.document
    assert not psutil.wait_procs(before, timeout=10)[1]
    assert play(opened, "class-list", SilentReporter()).run.outcome is Outcome.PASSED


def test_hanging_close_keeps_the_outcome_and_ends_the_worker(
    opened: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "CLOSE_S", 3.0)
    opened.worker.prepare()
    before = family(opened)
    result = play(opened, "hangs", SilentReporter())
    assert result.run.outcome is Outcome.PASSED, result.document
    assert "did not end before its deadline" in result.document.attempts[0].unclosed
    assert not psutil.wait_procs(before, timeout=10)[1]
    monkeypatch.undo()
    again = play(opened, "class-list", SilentReporter())
    assert again.run.outcome is Outcome.PASSED, again.document


def test_ended_worker_leaves_nothing_behind(opened: LocalRunner) -> None:
    """Process, profile, temporary folder, file descriptors: searched for by the worker's own marks."""
    opened.worker.prepare()
    opened.uploader.finish(20)  # Its files come and go while it sends what earlier tests left.
    numbers = psutil.Process().num_fds()
    worker = opened.worker.worker
    folder = Path(psutil.Process(worker.pid).environ()["TMPDIR"])
    play(opened, "class-list", SilentReporter())
    assert list(folder.glob("playwright*")), "the browser has put nothing there: the test would prove nothing"
    worker.kill()
    assert not folder.exists()
    opened.worker.prepare()
    opened.uploader.finish(20)
    assert psutil.Process().num_fds() <= numbers  # Fewer, where something else was just looked at before.


def test_leftovers_of_a_crashed_first_bell_are_removed() -> None:
    """A process with the marker, and a folder with the name, of a First Bell process that is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    host, _, began, place = this_process().split(":")
    gone.wait()
    environment = {**os.environ, MARKER: f"{host}:{gone.pid}:{began}:{place}/x"}
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=environment)
    folder = Path(tempfile.mkdtemp(prefix=f"firstbell-{gone.pid}-{began}-{place}-"))
    mine = temporary_folder()
    sweep_leftovers()
    assert orphan.wait(10) == -signal.SIGKILL
    assert not folder.exists()
    assert mine.path.exists()
    mine.release()
    assert not mine.path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt its orphaned grandchildren")
def test_orphans_are_adopted_and_reaped() -> None:
    adopt_orphans()
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(0.5)']).pid)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    orphan = psutil.Process(int(done.stdout))
    assert orphan.ppid() == os.getpid()
    deadline = time.monotonic() + 10
    while orphan.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        os.sched_yield()
    assert orphan.status() == psutil.STATUS_ZOMBIE
    reap_orphans()
    assert not psutil.pid_exists(orphan.pid)


def test_worker_is_replaced_at_its_attempt_limit(opened: LocalRunner, tmp_path: Path) -> None:
    hello, seen = opened.runtime.setup, []
    player = ManagedWorker(
        lambda: hello, tmp_path / "worker.log", replace(opened.runtime.limits, attempts=2, probe_after_idle_s=0.0)
    )
    order = PlayAttempt(
        run_id="x", journey="class-list", attempt=1, folder=tmp_path, recording=RecordingOptions(trace=False)
    )
    for _ in range(3):
        assert player.play(order, deadline_s=30, listener=lambda _: None, fresh=False).ending is None
        seen.append(player.worker.pid)
    player.close()
    # The second attempt finds a worker that has rested: the health probe counts as one, so the third is another's.
    assert seen[0] != seen[2]


def test_browser_that_fails_its_health_probe_is_replaced(
    opened: LocalRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbell.runner.execution.supervision.managed_worker.HEALTH_PROBE_S", 3.0)
    hello = opened.runtime.setup
    player = ManagedWorker(
        lambda: hello, tmp_path / "worker.log", replace(opened.runtime.limits, probe_after_idle_s=0.0)
    )
    order = PlayAttempt(
        run_id="x", journey="class-list", attempt=1, folder=tmp_path, recording=RecordingOptions(trace=False)
    )
    assert player.play(order, deadline_s=30, listener=lambda _: None, fresh=False).ending is None
    first = player.worker.pid
    tree = psutil.Process(first).children(recursive=True)
    kill([child for child in tree if "--remote-debugging" in command(child)], signal.SIGSTOP)
    assert player.play(order, deadline_s=30, listener=lambda _: None, fresh=False).ending is None
    assert player.worker.pid != first
    player.close()


def test_log_of_a_second_attempt_has_no_error_of_the_probe(opened: LocalRunner, tmp_path: Path) -> None:
    hello = opened.runtime.setup
    player = ManagedWorker(lambda: hello, tmp_path / "worker.log", opened.runtime.limits)
    order = PlayAttempt(
        run_id="x", journey="class-list", attempt=1, folder=tmp_path, recording=RecordingOptions(trace=False)
    )
    with capture_logs() as lines:
        for is_confirming in (False, True):
            assert player.play(order, deadline_s=30, listener=lambda _: None, fresh=is_confirming).ending is None
    player.close()
    assert [line["reason"] for line in lines if line["event"] == "worker.replaced"] == [RecycleReason.CONFIRMING.value]
    assert "fault" not in RecycleReason.CONFIRMING.value


def test_crashed_page_is_the_probes_own_fault(opened: LocalRunner) -> None:
    assert play(opened, "crash", SilentReporter()).run.outcome is Outcome.ERRORED
    assert play(opened, "class-list", SilentReporter()).run.outcome is Outcome.PASSED


def test_recordings_are_private_and_removed_afterwards(opened: LocalRunner) -> None:
    seen: list[int] = []

    def folders() -> list[Path]:
        return [one for one in opened.run_context.work.iterdir() if one.is_dir()]

    def look() -> None:
        (folder,) = folders()
        seen.append(folder.stat().st_mode & 0o777)

    play(opened, "class-list", At("signs in", look))
    assert seen == [0o700]
    assert not folders()
