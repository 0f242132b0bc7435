"""A screen that nobody looks at, and hands on its keyboard: Xvfb and xdotool."""

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
    """`display` is its name, as DISPLAY has it."""

    display: str

    @property
    def environment(self) -> dict[str, str]:
        """For who should open windows there."""
        return {**os.environ, "DISPLAY": self.display, "WAYLAND_DISPLAY": ""}

    def window(self, title: str, within_s: float = 60.0) -> str:
        """A window by how its title begins, once it is there."""
        deadline = time.monotonic() + within_s
        while not (found := self._do("search", "--onlyvisible", "--name", f"^{title} - ").split()):
            assert time.monotonic() < deadline, f"no window called {title}"
            time.sleep(0.2)
        return found[0]

    def types(self, title: str, *what: str) -> None:
        """Type into the window of a title: texts, and keys by their names (`Tab`, `Return`, `ctrl+w`)."""
        self._do("windowfocus", "--sync", self.window(title))
        for one in what:
            if one in {"Tab", "Return"} or "+" in one:
                self._do("key", "--clearmodifiers", one)
            else:
                self._do("type", "--delay", "100", one)

    def _do(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout


@contextmanager
def a_screen() -> Iterator[Screen]:
    """Skips the test where there is none, and says what to install."""
    if missing := [package for program, package in NEEDS.items() if shutil.which(program) is None]:
        pytest.skip(
            f"no {' and no '.join(missing)} on this machine; to run this test: apt-get install {' '.join(missing)}"
        )
    reads, writes = os.pipe()
    command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writes], stderr=subprocess.DEVNULL) as server:
        os.close(writes)
        try:
            with os.fdopen(reads) as told:
                yield Screen(display=f":{told.readline().strip()}")
        finally:
            server.terminate()
