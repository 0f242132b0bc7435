"""Tests which browser is chosen, headless and headed, and how a missing one is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from firstbell.compat.playwright_package import browser_revisions
from firstbell.runner.cli.setup.browser import browser
from firstbell.runner.execution.browsers.discovery import (
    HEADLESS_SHELL,
    NoBrowser,
    choose_browser,
    find_browser,
    is_headed,
    launch_options,
)

CHROMIUM = Path("/usr/bin/chromium")
SHELL = Path("/usr/bin/chromium-headless-shell")
FOUND = [CHROMIUM, Path("/usr/bin/microsoft-edge")]
OWN_FULL, OWN_SHELL = "Playwright's own Chromium", "Playwright's own headless shell"


@pytest.mark.parametrize("headed", [False, True], ids=["headless", "headed"])
def test_configured_path_comes_first(tmp_path: Path, *, headed: bool) -> None:
    mine = tmp_path / "chrome"
    mine.touch(mode=0o755)
    found = choose_browser(str(mine), downloaded=True, shells=[SHELL], machine=FOUND, headed=headed)
    assert (found.path, found.is_shell) == (mine, False)


@pytest.mark.parametrize("mode", [None, 0o644])
def test_configured_path_that_is_no_program_is_refused(tmp_path: Path, mode: int | None) -> None:
    path = tmp_path / "chrome"
    if mode is not None:
        path.touch(mode=mode)
    with pytest.raises(NoBrowser, match=r"browser\.executable: .*is not a program"):
        choose_browser(str(path), downloaded=True, shells=[SHELL], machine=FOUND)


@pytest.mark.parametrize(
    ("own", "shells", "machine", "headed", "expected"),
    [
        pytest.param(True, [SHELL], FOUND, False, (None, OWN_SHELL, True), id="headless: Playwright's own first"),
        pytest.param(True, [SHELL], FOUND, True, (None, OWN_FULL, False), id="headed: Playwright's own first"),
        pytest.param(
            False, [SHELL], FOUND, False, (SHELL, "found on this machine", True), id="headless: the machine's shell"
        ),
        pytest.param(
            False, [SHELL], FOUND, True, (CHROMIUM, "found on this machine", False), id="headed: the full browser"
        ),
        pytest.param(
            False, [], FOUND, False, (CHROMIUM, "found on this machine", False), id="headless without a shell: full"
        ),
        pytest.param(
            False, [SHELL], [], False, (SHELL, "found on this machine", True), id="headless with a shell alone"
        ),
    ],
)
def test_browsers_are_chosen_in_order_of_preference(
    *, own: bool, shells: list[Path], machine: list[Path], headed: bool, expected: tuple[Path | None, str, bool]
) -> None:
    found = choose_browser("", downloaded=own, shells=shells, machine=machine, headed=headed)
    assert (found.path, found.origin, found.is_shell) == expected
    options = launch_options(found)
    assert options.get("executable_path") == (str(found.path) if found.path else None)
    assert ("--accept-lang=en-US,en" in options["args"]) is found.is_shell


@pytest.mark.parametrize(
    ("shells", "headed", "said"),
    [
        pytest.param([], False, "no browser found; run: firstbell browser install", id="headless"),
        pytest.param([], True, "no browser found; run: firstbell browser install", id="headed"),
        pytest.param(
            [SHELL], True, "chromium-headless-shell cannot open a window; .*browser install", id="a shell alone"
        ),
    ],
)
def test_missing_browser_says_what_to_run(*, shells: list[Path], headed: bool, said: str) -> None:
    with pytest.raises(NoBrowser, match=said):
        choose_browser("", downloaded=False, shells=shells, machine=[], headed=headed)


@pytest.mark.parametrize(
    ("launching", "debug", "expected"),
    [
        pytest.param({}, "", False, id="by default headless"),
        pytest.param({"headless": True}, "", False, id="asked to be headless"),
        pytest.param({"headless": False}, "", True, id="asked for a window"),
        pytest.param({}, "1", True, id="the inspector opens a window"),
        pytest.param({"headless": True}, "1", True, id="the inspector before what was asked"),
        pytest.param({}, "0", False, id="the inspector switched off"),
        pytest.param({}, "console", False, id="debugging in the console opens none"),
    ],
)
def test_playwright_opens_a_window_by_option_or_pwdebug(
    *, launching: dict[str, bool], debug: str, expected: bool
) -> None:
    assert is_headed(launching, {"PWDEBUG": debug}) is expected


def download(folder: Path, name: str) -> None:
    """Creates the files of a browser that Playwright has downloaded."""
    path = folder / f"{name.replace('-', '_')}-{browser_revisions()[name]}"
    path.mkdir(parents=True)
    (path / "INSTALLATION_COMPLETE").touch()


def program(folder: Path, name: str, script: str = "") -> Path:
    """Creates a program of a name on the PATH."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without a browser, and a download folder whose name ends like a version."""
    monkeypatch.setattr("firstbell.runner.execution.browsers.discovery.IN_APPLICATIONS", ())
    monkeypatch.setattr("firstbell.runner.execution.browsers.discovery.ON_LINUX", {})
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "pw-1.60"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.browser
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, ["en-US", "en"], id="as a full browser says"),
        pytest.param({"locale": "es-US"}, ["es-US"], id="what a context is given"),
    ],
)
def test_headless_shell_sends_accept_language(browser: Browser, given: dict[str, Any], expected: list[str]) -> None:
    with browser.new_context(**given) as context, context.new_page() as page:
        assert page.evaluate("navigator.languages") == expected


def test_each_playwright_download_serves_its_own_mode(bare: Path) -> None:
    program(bare, "chromium")
    download(bare / "pw-1.60", HEADLESS_SHELL)
    assert str(find_browser()) == OWN_SHELL
    assert find_browser(headed=True).path == bare / "chromium"
    download(bare / "pw-1.60", "chromium")
    assert str(find_browser(headed=True)) == OWN_FULL


@pytest.mark.parametrize(
    ("asks", "there", "output", "code"),
    [
        pytest.param("", ["firefox"], ["firefox: Playwright's own Firefox"], 2, id="none asked for, chromium missing"),
        pytest.param(
            '[browser]\nname = "firefox"\n',
            ["webkit", "firefox"],
            ["firefox: Playwright's own Firefox   used by browser.name", "webkit: Playwright's own Webkit"],
            0,
            id="the one that is configured, first",
        ),
        pytest.param(
            '[browser]\nname = "firefox"\n[journeys.x]\nbrowser = "webkit"\n',
            ["webkit"],
            ["webkit: Playwright's own Webkit   used by journeys.x.browser"],
            2,
            id="one of two is missing",
        ),
    ],
)
def test_browser_find_lists_browsers_and_the_one_in_use(
    bare: Path, asks: str, there: list[str], output: list[str], code: int
) -> None:
    (bare / "firstbell.toml").write_text(f'[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n{asks}')
    for name in there:
        download(bare / "pw-1.60", name)
    done = CliRunner().invoke(browser, ["find"])
    assert (done.stdout.splitlines(), done.exit_code) == (output, code)
    assert ("firstbell browser install" in done.stderr) == (code == 2)


def test_browser_find_names_headless_and_headed_programs(bare: Path) -> None:
    (bare / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    shell = program(bare, HEADLESS_SHELL)
    headless = f"chromium, headless: {shell} (found on this machine)   used by browser.name"
    lacks = f"chromium, with --headed: {shell} cannot open a window; for a full browser run: firstbell browser install"
    assert CliRunner().invoke(browser, ["find"]).stdout.splitlines() == [headless, lacks]
    full = program(bare, "chromium")
    done = CliRunner().invoke(browser, ["find"])
    assert done.stdout.splitlines() == [headless, f"chromium, with --headed: {full} (found on this machine)"]
    configured = CliRunner().invoke(browser, ["find", "--executable", str(full)])
    assert configured.stdout.splitlines() == [f"chromium: {full} (configured)   used by browser.name"]


# A package manager that has these packages, and notes what it is asked for.
APT_GET = """echo "$@" >> {folder}/asked
[ "$1" = update ] && exit {update}
for name; do :; done
[ -e {folder}/has-$name ] || exit 100
printf '#!/bin/sh\\n' > {folder}/$name
/bin/chmod +x {folder}/$name"""


@pytest.fixture
def debian(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A machine on which Playwright can download nothing, and root installs the given packages with apt-get."""

    def made(*packages: str, update: int = 0) -> Path:
        for name in packages:
            (bare / f"has-{name}").touch()
        program(bare, "apt-get", APT_GET.format(folder=bare, update=update))
        return bare

    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return made


def installed(folder: Path) -> tuple[int, str, list[str]]:
    """Runs the installation; returns the exit code, the output, and the packages that were asked for."""
    done = CliRunner().invoke(browser, ["install"])
    asked = folder / "asked"
    lines = asked.read_text().splitlines() if asked.exists() else []
    said = " ".join((done.stdout + done.stderr).split())
    return done.exit_code, said, [line.split()[-1] for line in lines if line.startswith("install")]


@pytest.mark.browser  # No browser, but Playwright's download has to fail first, which takes seconds.
def test_install_gets_the_shell_and_the_full_browser(debian: Callable[..., Path]) -> None:
    folder = debian("chromium", HEADLESS_SHELL)
    code, said, asked = installed(folder)
    assert (code, asked) == (0, [HEADLESS_SHELL, "chromium"])
    assert "the system's packages were installed" in said
    assert f"the browser is {folder / HEADLESS_SHELL} (found on this machine), and with a window {folder}" in said
    code, said, asked = installed(folder)
    assert said.endswith("nothing to install")
    assert (code, len(asked)) == (0, 2)


@pytest.mark.browser  # No browser, but Playwright's download has to fail first, which takes seconds.
def test_install_gets_the_shell_although_package_lists_are_stale(
    debian: Callable[..., Path],
) -> None:
    folder = debian(HEADLESS_SHELL, update=100)
    full = program(folder, "chromium")
    code, said, asked = installed(folder)
    assert (code, asked) == (0, [HEADLESS_SHELL])
    assert f"and with a window {full} (found on this machine)" in said


@pytest.mark.browser  # No browser, but Playwright's download has to fail first, which takes seconds.
def test_install_continues_with_the_full_browser_without_a_shell(debian: Callable[..., Path]) -> None:
    folder = debian()
    full = program(folder, "chromium")
    code, said, _ = installed(folder)
    assert code == 0
    assert said.startswith(f"firstbell: the browser is {full} (found on this machine); its headless shell, which")
    assert f"could not be installed (on Debian as an administrator: apt-get install {HEADLESS_SHELL})" in said
    (folder / "apt-get").unlink()
    assert installed(folder)[:2] == (code, said)


@pytest.mark.browser  # No browser, but Playwright's download has to fail first, which takes seconds.
def test_install_continues_with_the_shell_without_a_full_browser(debian: Callable[..., Path]) -> None:
    folder = debian(HEADLESS_SHELL)
    code, said, _ = installed(folder)
    assert code == 0
    assert f"{folder / HEADLESS_SHELL} (found on this machine); it runs headless only: no full browser" in said


@pytest.mark.browser  # No browser, but Playwright's download has to fail first, which takes seconds.
def test_failed_install_says_what_an_administrator_runs(debian: Callable[..., Path]) -> None:
    code, said, asked = installed(debian())
    assert (code, asked) == (2, [HEADLESS_SHELL, "chromium"])
    assert said.endswith("as an administrator run: apt-get install chromium chromium-headless-shell")
