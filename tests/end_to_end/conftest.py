"""A theatre that is ready to play, shared by the tests of one module; and the command line as a person would use it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from tests.support.earlier_passes import add_earlier_passes
from tests.support.warm_command import run_warm

CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true

[evidence]
on_pass = "trace"

[browser]
step_limit = "5s"
"""

Firstbell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    file = tmp_path_factory.mktemp("district") / "firstbell.toml"
    file.write_text(CONFIG)
    with open_local_runner(load(file), headed=False, quiet=True) as opened:
        add_earlier_passes(opened.runtime.database, opened.entries, opened.location)
        yield opened


@pytest.fixture
def play(opened: LocalRunner) -> Iterator[Callable[[str], RunResult]]:
    """Plays a journey by name; the practice school is healed afterwards."""
    yield lambda name: opened.play(opened.chosen([name])[0], SilentReporter())
    assert opened.practice is not None
    opened.practice.heal_all()


@pytest.fixture
def firstbell(tmp_path: Path) -> Firstbell:
    """The command in a folder of its own, as another process."""

    def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_warm(arguments, cwd=tmp_path, environment={**os.environ, **environment})

    return command
