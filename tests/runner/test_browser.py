"""Which browser plays, in which order of preference."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.compat.playwright_package import browser_revisions
from runner.cli.browser import browser
from runner.execution.browser import DOWNLOADS, NoBrowser, choose

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


def download(folder: Path, name: str) -> None:
    """What Playwright leaves in a folder of downloads when it has one."""
    place = folder / f"{DOWNLOADS[name][name]}-{browser_revisions()[name]}"
    place.mkdir(parents=True)
    (place / "INSTALLATION_COMPLETE").touch()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that has no browser, and a folder of downloads whose name ends like a version."""
    monkeypatch.setattr("runner.execution.browser.IN_APPLICATIONS", ())
    monkeypatch.setattr("runner.execution.browser.ON_LINUX", {})
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "pw-1.60"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("asks", "there", "told", "code"),
    [
        pytest.param("", ["firefox"], ["firefox: Playwright's own Firefox"], 2, id="none asked for, chromium missing"),
        pytest.param(
            '[browser]\nname = "firefox"\n',
            ["webkit", "firefox"],
            ["firefox: Playwright's own Firefox   plays (browser.name)", "webkit: Playwright's own Webkit"],
            0,
            id="the one that is configured, first",
        ),
        pytest.param(
            '[browser]\nname = "firefox"\n[journeys.x]\nbrowser = "webkit"\n',
            ["webkit"],
            ["webkit: Playwright's own Webkit   plays (journeys.x.browser)"],
            2,
            id="one of two is missing",
        ),
    ],
)
def test_find_tells_what_is_here_and_what_plays(
    bare: Path, asks: str, there: list[str], told: list[str], code: int
) -> None:
    (bare / "firstbell.toml").write_text(f'[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n{asks}')
    for name in there:
        download(bare / "pw-1.60", name)
    done = CliRunner().invoke(browser, ["find"])
    assert (done.stdout.splitlines(), done.exit_code) == (told, code)
    assert ("firstbell browser install" in done.stderr) == (code == 2)
