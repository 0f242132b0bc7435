"""Options of Playwright's recorder: browser, device and egress, as the journey will use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstbell.compat.playwright_package import RECORDER_BROWSER
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.service import Classroom
from firstbell.runner.authoring.recording.recorder import (
    RecordingRequest,
    command_of,
    device_note,
    environment_of,
    not_given,
)
from firstbell.runner.config.browsers import BROWSER_KINDS
from firstbell.runner.diagnosis.location import NETWORK_PROFILES, Location
from firstbell.runner.diagnosis.targets import Egress
from firstbell.runner.execution.accounts.allocation import AccountPool
from firstbell.runner.execution.browsers.discovery import Browser
from firstbell.runner.execution.district import District

IPAD: dict[str, Any] = {
    "default_browser_type": "webkit",
    "viewport": {"width": 810, "height": 1080},
    "user_agent": "Mozilla/5.0 (iPad)",
    "has_touch": True,
}
FILTERED = Location(name="home", egress=Egress(proxy="http://proxy.x.example:3128"))
NAMED = Location(name="office", naming=("--host-resolver-rules=MAP a 10.0.0.1",))


def recording(location: Location, device: str = "") -> RecordingRequest:
    district = District(
        school=School(name="P", services={}),
        classroom=Classroom(title="", meeting_code=None),
        accounts={},
        browser_name="chromium",
        step_limit_s=10.0,
        company=AccountPool(candidates=(), room=""),
        location=location,
    )
    return RecordingRequest(url="https://portal.x.example", district=district, role="student", device=device)


def told(name: str, location: Location, look: dict[str, str], state: Path | None = None) -> str:
    browser = Browser(path=None, origin="", kind=BROWSER_KINDS[name])
    wanted = recording(location)
    return " ".join(command_of(wanted, browser, look, Path("/p/r.py"), state)[3:])


@pytest.mark.parametrize(
    ("name", "location", "look", "state", "command"),
    [
        pytest.param("chromium", Location(), {}, None, "--browser chromium", id="nothing but the browser"),
        pytest.param("msedge", Location(), {}, None, "--browser chromium --channel msedge", id="a channel"),
        pytest.param(
            "chromium",
            FILTERED,
            {},
            None,
            "--browser chromium --proxy-server http://proxy.x.example:3128",
            id="a proxy",
        ),
        pytest.param(
            "webkit",
            Location(),
            {"--device": "iPad (gen 7)"},
            Path("/p/s.json"),
            "--browser webkit --device iPad (gen 7) --load-storage /p/s.json",
            id="a device, signed in",
        ),
    ],
)
def test_recorder_gets_the_options_of_the_journey(
    name: str, location: Location, look: dict[str, str], state: Path | None, command: str
) -> None:
    before = "codegen --target python-pytest -o /p/r.py"
    assert told(name, location, look, state) == f"{before} {command} https://portal.x.example"


@pytest.mark.parametrize(
    ("device", "engine", "options"),
    [
        pytest.param("iPad (gen 7)", "webkit", {"--device": "iPad (gen 7)"}, id="by its name in its own engine"),
        pytest.param(
            "iPad (gen 7)",
            "chromium",
            {"--viewport-size": "810, 1080", "--user-agent": "Mozilla/5.0 (iPad)"},
            id="in parts in another, which its name would open WebKit instead of",
        ),
        pytest.param("", "chromium", {"--device": ""}, id="a computer"),
    ],
)
def test_device_options_keep_the_requested_browser(device: str, engine: str, options: dict[str, str]) -> None:
    assert device_note(device, engine, IPAD if device else {}) == options


def test_separate_browser_home_keeps_paths_of_the_users_home() -> None:
    browser = Browser(path=Path("/usr/bin/chromium"), origin="")
    around = {"HOME": "/home/me", "PLAYWRIGHT_BROWSERS_PATH": "/opt/b", "DISPLAY": ":10"}
    assert environment_of(browser, None, around) == {**around, RECORDER_BROWSER: "/usr/bin/chromium"}
    trusting = environment_of(browser, Path("/state/trust/x"), around)
    assert trusting["HOME"] == "/state/trust/x"
    assert trusting["XAUTHORITY"] == "/home/me/.Xauthority"
    assert trusting["PLAYWRIGHT_BROWSERS_PATH"] == "/opt/b"
    asked = environment_of(browser, Path("/state/trust/x"), {**around, "XAUTHORITY": "/run/x"})
    assert asked["XAUTHORITY"] == "/run/x"


@pytest.mark.parametrize(
    ("location", "device", "said"),
    [
        pytest.param(Location(), "", [], id="here"),
        pytest.param(FILTERED, "Desktop Chrome", [], id="a proxy can be given, and a device in its own engine"),
        pytest.param(NAMED, "", ["the name server of the location 'office'"], id="a name server cannot"),
        pytest.param(
            Location(name="x", network=NETWORK_PROFILES["no-udp"], naming=NAMED.naming),
            "iPad (gen 7)",
            [
                "the name server and the network of the location 'x'",
                "uses the screen and user agent of iPad (gen 7) in chromium",
            ],
            id="nor can a network, nor a device in another engine",
        ),
    ],
)
def test_unsupported_settings_are_reported_in_a_sentence_each(location: Location, device: str, said: list[str]) -> None:
    sentences = not_given(recording(location, device))
    assert len(sentences) == len(said)
    assert all(part in sentence for part, sentence in zip(said, sentences, strict=True))
