"""Recording at a keyboard: by Playwright's codegen, whose file runs unchanged, and by `firstbell record`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbell.compat.playwright_package import RECORDER_BROWSER
from firstbell.runner.execution.browsers.discovery import find_browser
from tests.demo_site.library import READER, Library, serve
from tests.end_to_end.conftest import Firstbell
from tests.support.plain_pytest import by_pytest
from tests.support.screen import Screen, a_screen

pytestmark = pytest.mark.browser

CONFIG = """\
[school]
name = "Bell County"
timezone = "UTC"
journeys = ["mine"]
[services.library]
owner = "Library"
url = "{url}"
[accounts.student]
username = "20001"
password = "env:LIBRARY_PIN"
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    (tmp_path / "mine").mkdir()
    with serve() as library:
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(url=library.url))
        yield library


def borrows_by_keyboard(screen: Screen) -> None:
    """Sign in, look for a book, and close the window.

    The window has its name before the recorder listens to it, and a field is recorded as it stands at its last key: so
    the first one is typed once more.
    """
    screen.types("Sign in", READER.card, "ctrl+a", READER.card, "Tab", READER.pin, "Return")
    screen.types("Catalogue", "Hatchet", "Return")
    screen.window("Found")
    screen.types("Found", "ctrl+w")


def test_codegen_file_runs_unchanged(tmp_path: Path, library: Library) -> None:
    file = tmp_path / "test_recorded.py"
    with a_screen() as screen:
        environment = screen.environment | {RECORDER_BROWSER: str(find_browser(headed=True).path or "")}
        command = [sys.executable, "-m", "playwright", "codegen", "--target", "python-pytest", "-o", str(file)]
        with subprocess.Popen([*command, f"{library.url}/sign-in"], env=environment) as codegen:
            borrows_by_keyboard(screen)
            assert codegen.wait(60) == 0
    assert f'get_by_role("textbox", name="PIN").fill("{READER.pin}")' in file.read_text()
    done = by_pytest(tmp_path, "-W", "error", str(file))
    assert done.returncode == 0, done.stdout + file.read_text()


def test_recording_by_hand_passes_and_holds_no_secret(tmp_path: Path, library: Library, firstbell: Firstbell) -> None:
    with a_screen() as screen:
        command = [sys.executable, "-c", "from firstbell.runner.cli.main import main; main()"]
        arguments = ["record", f"{library.url}/sign-in", "--name", "by-hand"]
        with subprocess.Popen([*command, *arguments], cwd=tmp_path, env=screen.environment) as recording:
            borrows_by_keyboard(screen)
            assert recording.wait(60) == 0
    written = (tmp_path / "mine" / "test_by_hand.py").read_text()
    assert READER.pin not in written
    assert 'student.step("signs in", relies_on="library")' in written
    assert 'get_by_role("textbox", name="Library card").fill(student.account.username)' in written
    assert 'get_by_role("textbox", name="PIN").fill(student.account.password.reveal())' in written
    played = firstbell("run", "by-hand")
    assert played.returncode == 0, played.stdout + written
