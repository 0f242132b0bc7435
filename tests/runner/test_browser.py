"""Which browser plays, in which order of preference."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.execution.browser import NoBrowser, choose

FOUND = [Path("/usr/bin/chromium"), Path("/usr/bin/microsoft-edge")]


def test_the_configured_path_comes_first(tmp_path: Path) -> None:
    mine = tmp_path / "chrome"
    mine.touch(mode=0o755)
    assert choose(str(mine), own=True, machine=FOUND).path == mine


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_configured_path_that_is_no_program_is_refused_and_not_replaced(tmp_path: Path, mode: int | None) -> None:
    path = tmp_path / "chrome"
    if mode is not None:
        path.touch(mode=mode)
    with pytest.raises(NoBrowser, match=r"browser\.executable: .*is not a program"):
        choose(str(path), own=True, machine=FOUND)


def test_playwrights_own_comes_before_the_machines() -> None:
    assert choose("", own=True, machine=FOUND).path is None


def test_then_what_is_on_the_machine() -> None:
    assert choose("", own=False, machine=FOUND).path == FOUND[0]


def test_without_any_the_message_says_what_to_run() -> None:
    with pytest.raises(NoBrowser, match="firstbell browser install"):
        choose("", own=False, machine=[])
