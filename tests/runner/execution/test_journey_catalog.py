"""Tests the catalogue of journeys: names, accounts, and entries that no file defines."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.runner.config.load import parse
from firstbell.runner.execution.accounts.allocation import AccountRequest
from firstbell.runner.execution.journey_catalog import JourneyEntry, journey_catalog
from firstbell.runner.execution.supervision.protocol import JourneyInfo

CARDS = [
    JourneyInfo(
        id="live-class", title="", relies_on=("live-class",), roles=("teacher", "student"), file="live_class.py", line=1
    ),
    JourneyInfo(id="class-list", title="", relies_on=("platform",), roles=("student",), file="class_list.py", line=1),
]
TEXT = """\
[school]
name = "B"
timezone = "America/New_York"
practice = true

[journeys.live-class]
groups = ["elementary"]

[journeys.live-class-high]
plays = "live-class"
groups = ["high"]
deadline = "60s"

[journeys.ghost]
every = "1h"
"""


def entries() -> dict[str, JourneyEntry]:
    return dict(journey_catalog(CARDS, parse(TEXT, Path("firstbell.toml")).settings))


def test_collected_journeys_come_before_entries_of_the_configuration() -> None:
    assert list(entries()) == ["live-class", "class-list", "live-class-high", "ghost"]


def test_one_journey_has_two_names_for_two_groups() -> None:
    high, elementary = entries()["live-class-high"], entries()["live-class"]
    assert high.journey_info == elementary.journey_info == CARDS[0]
    assert (high.section.deadline, elementary.section.deadline) == (60.0, 90.0)
    assert high.account_request == AccountRequest(roles=("teacher", "student"), groups=("high",), meets=True)
    assert elementary.account_request.groups == ("elementary",)


def test_journey_without_a_live_class_needs_no_class_lock() -> None:
    assert entries()["class-list"].account_request == AccountRequest(roles=("student",), groups=(), meets=False)


def test_undefined_journey_has_no_info_and_needs_no_accounts() -> None:
    assert entries()["ghost"].journey_info is None
    assert entries()["ghost"].account_request == AccountRequest(roles=())


LIBRARY = '[services.library]\nowner = "o"\nurl = "https://library.example"\n'
SIGN_IN = '[services.sign-in]\nowner = "o"\nurl = "https://id.example"\n'
STUDENT = '[accounts.student]\nusername = "zz"\npassword = "env:X"\n'
SHIPPED = JourneyInfo(
    id="sign-in", title="", relies_on=("sign-in",), roles=("student",), file="sign_in.py", line=1, is_shipped=True
)


SUPERSEDED = "[journeys.room-class], because live-class enters the room too"
ROOM = '[classroom]\ntitle = "A"\n[services.live-class]\nowner = "o"\nurl = "https://room.example"\nkind = "jitsi"\n'
PLATFORM = '[services.platform]\nowner = "o"\nurl = "https://learn.example"\n'


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        pytest.param(ROOM + STUDENT, "", id="a room alone"),
        pytest.param(ROOM + PLATFORM + STUDENT, SUPERSEDED, id="a room behind a platform"),
        pytest.param("practice = true\n", SUPERSEDED, id="the practice school"),
        pytest.param(ROOM + PLATFORM + STUDENT + "[journeys.room-class]\n", "", id="asked for all the same"),
        pytest.param(LIBRARY + STUDENT, "[services.live-class]", id="no room"),
    ],
)
def test_room_class_is_for_districts_without_a_platform(text: str, lacks: str) -> None:
    settings = parse(f'[school]\nname = "B"\ntimezone = "UTC"\n{text}', Path("firstbell.toml")).settings
    room_class = SHIPPED.model_copy(update={"id": "room-class", "relies_on": ("live-class",)})
    assert journey_catalog([room_class], settings)["room-class"].lacks == lacks


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        pytest.param(LIBRARY, "[services.sign-in], [accounts.student]", id="a library has no sign-in of ours"),
        pytest.param(SIGN_IN + STUDENT, "services.sign-in.kind", id="whose pages only the district knows"),
        pytest.param(SIGN_IN + 'kind = "redirect"\n' + STUDENT, "", id="everything is there"),
        pytest.param("[journeys.sign-in]\nevery = '1h'\n", "", id="whoever asks for it is told what is wrong"),
    ],
)
def test_shipped_journey_is_disabled_without_its_services(text: str, lacks: str) -> None:
    settings = parse(f'[school]\nname = "B"\ntimezone = "UTC"\n{text}', Path("firstbell.toml")).settings
    entry = journey_catalog([SHIPPED], settings)["sign-in"]
    assert (entry.lacks, entry.section.enabled) == (lacks, not lacks)
    own = journey_catalog([SHIPPED.model_copy(update={"is_shipped": False})], settings)["sign-in"]
    assert (own.lacks, own.section.enabled) == ("", True)
