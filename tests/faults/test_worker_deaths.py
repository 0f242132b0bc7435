"""Whatever dies or hangs under a run: the probe's own fault, nothing left of it, and the next run passes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import psutil
import pytest

from runner.config.load import load
from runner.execution.messages import FromWorker, StepBegan
from runner.execution.performance import Performed
from runner.execution.reporter import Silent
from runner.execution.run import Outcome
from runner.theatre import Theatre, theatre

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
"""
ENDLESS = '''"""Never ends."""
import pytest

@pytest.mark.journey("endless", relies_on=["edge"])
def test_endless(student):
    with student.step("loops", relies_on="edge"):
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


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    folder = tmp_path_factory.mktemp("district")
    (folder / "hostile").mkdir()
    (folder / "hostile" / "test_endless.py").write_text(ENDLESS)
    (folder / "hostile" / "test_crash.py").write_text(CRASH)
    (folder / "firstbell.toml").write_text(CONFIG)
    with theatre(load(folder / "firstbell.toml"), headed=False, quiet=True) as opened:
        yield opened


class At(Silent):
    """Does something the moment that a step begins."""

    def __init__(self, title: str, deed: Callable[[], None]) -> None:
        self._title = title
        self._deed = deed

    def heard(self, message: FromWorker) -> None:
        if isinstance(message, StepBegan) and message.step.title == self._title:
            self._deed()


def family(opened: Theatre, *names: str) -> list[psutil.Process]:
    """The worker's children whose command line holds one of the names; all of them, if none is named."""
    children = psutil.Process(opened.player.worker.pid).children(recursive=True)
    return [child for child in children if not names or any(name in " ".join(child.cmdline()) for name in names)]


def kill(processes: list[psutil.Process], number: int = signal.SIGKILL) -> None:
    assert processes, "there is nothing to kill: the test would prove nothing"
    for process in processes:
        os.kill(process.pid, number)


def play(opened: Theatre, journey: str, reporter: Silent) -> Performed:
    return opened.play(opened.chosen([journey])[0], reporter)


def test_a_browser_killed_in_the_middle_of_a_step_is_the_probes_own_fault(opened: Theatre) -> None:
    reporter = At("signs in", lambda: kill(family(opened, "--type=", "--headless", "--remote-debugging")))
    performed = play(opened, "class-list", reporter)
    assert performed.run.outcome is Outcome.ERRORED, performed.document
    assert play(opened, "class-list", Silent()).run.outcome is Outcome.PASSED


def test_a_driver_killed_in_the_middle_of_a_step_is_the_probes_own_fault(opened: Theatre) -> None:
    performed = play(opened, "class-list", At("signs in", lambda: kill(family(opened, "playwright/driver"))))
    assert performed.run.outcome is Outcome.ERRORED, performed.document
    assert play(opened, "class-list", Silent()).run.outcome is Outcome.PASSED


def test_a_worker_killed_in_the_middle_of_a_step_leaves_nothing_behind(opened: Theatre) -> None:
    before = family(opened)
    reporter = At("signs in", lambda: os.kill(opened.player.worker.pid, signal.SIGKILL))
    performed = play(opened, "class-list", reporter)
    assert performed.run.outcome is Outcome.ERRORED
    assert "the worker died" in performed.document.attempts[0].said
    psutil.wait_procs(before, timeout=30)
    assert not [process for process in before if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert play(opened, "class-list", Silent()).run.outcome is Outcome.PASSED


def test_a_journey_that_loops_for_ever_is_ended_by_force_at_its_deadline(opened: Theatre) -> None:
    opened.player.prepare()
    before = family(opened)
    performed = play(opened, "endless", Silent())
    assert performed.run.outcome is Outcome.ERRORED
    assert "did not end before its deadline of 4 s" in performed.document.attempts[0].said
    assert not psutil.wait_procs(before, timeout=10)[1]
    assert play(opened, "class-list", Silent()).run.outcome is Outcome.PASSED


def test_a_page_that_crashes_is_the_probes_own_fault(opened: Theatre) -> None:
    assert play(opened, "crash", Silent()).run.outcome is Outcome.ERRORED
    assert play(opened, "class-list", Silent()).run.outcome is Outcome.PASSED


def test_what_a_run_recorded_is_private_and_removed_afterwards(opened: Theatre) -> None:
    seen: list[int] = []

    def look() -> None:
        (folder,) = opened.house.work.iterdir()
        seen.append(folder.stat().st_mode & 0o777)

    play(opened, "class-list", At("signs in", look))
    assert seen == [0o700]
    assert not list(opened.house.work.iterdir())
