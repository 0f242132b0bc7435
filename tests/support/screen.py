"""Virtual screen and keyboard for tests: Xvfb and xdotool."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

NEEDS = {"Xvfb": "xvfb", "xdotool": "xdotool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A virtual screen. `display` is the value for DISPLAY."""

    display: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for programs that open windows on it."""
        return {**os.environ, "DISPLAY": self.display, "WAYLAND_DISPLAY": ""}

    def window(self, title: str, within_s: float = 60.0) -> str:
        """Waits for a window whose title begins so. Returns its id."""
        deadline = time.monotonic() + within_s
        while not (found := self._do("search", "--onlyvisible", "--name", f"^{title} - ").split()):
            assert time.monotonic() < deadline, f"no window called {title}"
            time.sleep(0.2)
        return found[0]

    def types(self, title: str, *inputs: str) -> None:
        """Types texts and keys (`Tab`, `Return`, `ctrl+w`) into the window of a title."""
        self._do("windowfocus", "--sync", self.window(title))
        for text in inputs:
            if text in {"Tab", "Return"} or "+" in text:
                self._do("key", "--clearmodifiers", text)
            else:
                self._do("type", "--delay", "100", text)

    def _do(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout


@contextmanager
def a_screen() -> Iterator[Screen]:
    """Starts a screen. Skips the test if the programs are missing, and names the packages to install."""
    if missing := [package for program, package in NEEDS.items() if shutil.which(program) is None]:
        pytest.skip(
            f"no {' and no '.join(missing)} on this machine; to run this test: apt-get install {' '.join(missing)}"
        )
    reads, writes = os.pipe()
    command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writes], stderr=subprocess.DEVNULL) as server:
        os.close(writes)
        try:
            with os.fdopen(reads) as pipe:
                yield Screen(display=f":{pipe.readline().strip()}")
        finally:
            server.terminate()
