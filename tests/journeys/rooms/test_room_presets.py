"""Each preset of a room has words that can be used, and what its district must know."""

from __future__ import annotations

import pytest

from firstbell.journeys.adapters.presets import presets
from firstbell.journeys.adapters.words import option_faults
from firstbell.journeys.rooms.web_room import WebRoom
from firstbell.journeys.rooms.web_room_words import WebRoomWords
from firstbell.journeys.stage.service import Service

ROOMS = [preset for preset in presets().values() if preset.adapter == "web-room"]


@pytest.mark.parametrize("preset", ROOMS, ids=lambda preset: preset.name)
def test_the_words_of_a_preset_can_be_used(preset: object) -> None:
    assert not list(option_faults(WebRoomWords, preset.options))  # type: ignore[attr-defined]
    WebRoom(Service(name="live-class", owner="", url="", kind="", options=preset.options))  # type: ignore[attr-defined]
    assert preset.permission.endswith(".")  # type: ignore[attr-defined]


def test_there_are_rooms() -> None:
    assert len(ROOMS) >= 6
