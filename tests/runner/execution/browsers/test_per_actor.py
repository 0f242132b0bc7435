"""Browsers and devices by name: what a file may ask for, what no such browser can do, and who plays in which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from firstbell.journeys.media.camera import FIREFOX_PREFS, PERMISSIONS, permissions_in
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.runner.config.browser_checks import browser_kinds_of
from firstbell.runner.config.browsers import BROWSER_KINDS
from firstbell.runner.config.devices import devices
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, parse
from firstbell.runner.diagnosis.location import NETWORK_PROFILES, Location
from firstbell.runner.diagnosis.targets import Egress
from firstbell.runner.execution.browsers.discovery import (
    Browser,
    NoBrowser,
    find_all,
    find_channel_browser,
    find_downloaded_browser,
    launch_options,
)
from firstbell.runner.execution.browsers.per_actor import (
    ActorBrowser,
    UnknownDevice,
    browser_of_actor,
    browser_text,
    device_options,
    open_context,
)

SCHOOL = '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\npractice = true\n'
PUPIL = '[accounts.student]\nusername = "zz"\npassword = "env:NO_SUCH_PASSWORD"\n'
IPAD = "iPad (gen 7)"


def given(text: str) -> Config:
    return parse(SCHOOL + text, Path("/srv/district/firstbell.toml"))


def test_every_key_that_asks_for_a_browser_is_found_and_the_districts_own_comes_first() -> None:
    config = given(
        PUPIL + 'browser = "webkit"\n[journeys.class-list]\nbrowser = "msedge"\n[browser]\nname = "chrome"\n'
    )
    assert [(path[0], kind.name) for path, kind in browser_kinds_of(config.settings).items()] == [
        ("browser", "chrome"),
        ("accounts", "webkit"),
        ("journeys", "msedge"),
    ]
    assert [kind.name for kind in browser_kinds_of(given("").settings).values()] == ["chromium"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param('[browser]\nname = "firefix"\n', 6, "did you mean 'firefox'", id="a browser that is misspelt"),
        pytest.param('[browser]\nname = "opera"\n', 6, "chromium, firefox, webkit, chrome", id="one that nobody has"),
        pytest.param('[journeys.x]\nbrowser = "egde"\n', 6, "did you mean 'msedge'", id="a journey's"),
        pytest.param(PUPIL + 'device = "iPad (gen7)"\n', 8, "'iPad (gen 7)'", id="a device that is misspelt"),
        pytest.param(PUPIL + 'device = "abacus"\n', 8, "Playwright's, such as", id="a device that is none"),
        pytest.param(
            f'{PUPIL}device = "{IPAD}"\n[browser]\nname = "firefox"\n',
            8,
            'cannot emulate a mobile device; give this account browser = "webkit"',
            id="a mobile device in Firefox",
        ),
        pytest.param(
            '[browser]\nname = "chrome"\nexecutable = "/usr/bin/x"\n',
            7,
            "a path is for Chromium only",
            id="name and path",
        ),
        pytest.param(
            '[locations.home]\nnetwork = "dsl"\n[journeys.x]\nbrowser = "firefox"\n',
            6,
            "change journeys.x.browser, which asks for 'firefox'",
            id="a slow network without Chromium",
        ),
        pytest.param(
            '[locations.home]\nca = ["filter.pem"]\n[browser]\nname = "webkit"\n', 6, "trust", id="a filter's authority"
        ),
        pytest.param('[practice]\ntls = true\n[browser]\nname = "webkit"\n', 6, "trust", id="the practice authority"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        given(text)
    (problem,) = refused.value.problems
    assert problem.line == line
    assert said in problem.message


def test_who_holds_a_browser_of_their_own_may_hold_a_mobile_device_in_a_district_of_firefox() -> None:
    config = given(f'{PUPIL}device = "{IPAD}"\nbrowser = "webkit"\n[browser]\nname = "firefox"\n')
    assert config.settings.accounts["student"].device == IPAD
    given('[locations.home]\nnetwork = "dsl"\n[browser]\nname = "msedge"\n')  # Edge is made of Chromium.


@pytest.mark.browser
def test_the_devices_that_are_read_from_playwrights_package_are_those_that_it_knows() -> None:
    with sync_playwright() as playwright:
        known = {name: (one["default_browser_type"], one["is_mobile"]) for name, one in playwright.devices.items()}
    assert known
    assert {name: (device.engine, device.is_mobile) for name, device in devices().items()} == known


def test_reading_them_starts_no_playwright() -> None:
    code = (
        "import sys, firstbell.runner.config.load, firstbell.runner.config.devices as d; "
        "d.devices(); print('playwright' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def pupil(browser: str = "", device: str = "") -> Account:
    return Account(username="zz", display_name="Zz", password=Secret(str), browser=browser, device=device)


@pytest.mark.parametrize(
    ("account", "journey", "told", "expected"),
    [
        pytest.param(pupil(), "", "", ActorBrowser(browser="chromium", device="", is_usual=True), id="the usual"),
        pytest.param(
            pupil(), "firefox", "", ActorBrowser(browser="firefox", device="", is_usual=False), id="the journey's"
        ),
        pytest.param(
            pupil("webkit", IPAD),
            "firefox",
            "",
            ActorBrowser(browser="webkit", device=IPAD, is_usual=False),
            id="their own before the journey's",
        ),
        pytest.param(
            pupil("webkit", IPAD),
            "firefox",
            "browser",
            ActorBrowser(browser="chromium", device=IPAD, is_usual=True),
            id="the command line's before all",
        ),
        pytest.param(
            pupil("", IPAD),
            "",
            "device",
            ActorBrowser(browser="chromium", device="", is_usual=True),
            id="its device as well",
        ),
    ],
)
def test_who_plays_in_which_browser(account: Account, journey: str, told: str, expected: ActorBrowser) -> None:
    assert browser_of_actor(account, journey=journey, usual="chromium", told=[told]) == expected


def test_a_device_gives_way_to_what_a_project_has_set_and_an_unknown_one_is_named() -> None:
    known = {IPAD: {"viewport": {"width": 810}, "has_touch": True}}
    assert device_options(IPAD, known, taken=["viewport"]) == {"has_touch": True}
    assert device_options("", known) == {}
    with pytest.raises(UnknownDevice, match="abacus"):
        device_options("abacus", known)


def test_a_context_is_opened_with_the_look_of_a_device_and_the_way_out_of_a_location() -> None:
    opened: list[dict[str, object]] = []
    known = {IPAD: {"viewport": {"width": 810}, "has_touch": True}}
    behind = Location(egress=Egress(proxy="http://proxy.example:3128"))
    open_context(lambda **options: opened.append(options), IPAD, known, behind, ["viewport"])  # type: ignore[arg-type]
    assert opened == [{"has_touch": True, "proxy": {"server": "http://proxy.example:3128"}}]


def test_a_run_says_what_of_a_device_is_only_an_appearance() -> None:
    assert browser_text("student", pupil("chrome"), "chromium", "156") == "chrome 156"
    said = browser_text("student", pupil(device=IPAD), "chromium", "156")
    assert said == f"chromium 156 (student: {IPAD}'s screen, touch and user agent in chromium, not its webkit engine)"
    assert browser_text("student", pupil(device=IPAD), "webkit", "27") == f"webkit 27 (student: {IPAD})"


def test_a_channel_is_played_where_playwright_looks_for_it_and_else_one_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "chrome").touch()
    found = find_channel_browser(BROWSER_KINDS["chrome"], {"chrome": str(tmp_path / "chrome")})
    assert launch_options(found)["channel"] == "chrome"
    assert "executable_path" not in launch_options(found)
    with pytest.raises(NoBrowser, match=r"msedge is not at /no/edge; run: firstbell browser install msedge"):
        find_channel_browser(BROWSER_KINDS["msedge"], {"msedge": "/no/edge"})
    with pytest.raises(NoBrowser, match="there is no msedge-canary for"):
        find_channel_browser(BROWSER_KINDS["msedge-canary"], {"msedge": "/no/edge"})


def test_firefox_and_webkit_are_playwrights_own_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(NoBrowser, match="Playwright's own webkit is not here; run: firstbell browser install webkit"):
        find_all("", [BROWSER_KINDS["webkit"]])
    assert str(find_downloaded_browser(BROWSER_KINDS["firefox"], own=True)) == "Playwright's own Firefox"


@pytest.mark.parametrize("name", ["firefox", "webkit"])
def test_what_is_for_chromium_alone_is_given_to_no_other_engine(name: str) -> None:
    other = Browser(path=None, origin="", kind=BROWSER_KINDS[name])
    assert launch_options(other) == ({"firefox_user_prefs": FIREFOX_PREFS} if name == "firefox" else {})
    with pytest.raises(NoBrowser, match="UDP"):
        launch_options(other, (Location(network=NETWORK_PROFILES["no-udp"]), None))
    with pytest.raises(NoBrowser, match="trust"):
        launch_options(other, (Location(), Path("/srv/home")))


def test_only_firefox_is_not_granted_what_it_does_not_know() -> None:
    granted = {engine: permissions_in(engine) for engine in ("chromium", "firefox", "webkit")}
    assert granted == {"chromium": PERMISSIONS, "firefox": (), "webkit": PERMISSIONS}
