"""A room in which a stranger would not be noticed is named by `firstbell check`, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.runner.config.load import parse
from firstbell.runner.preflight.rooms import check_rooms

FILE = """
[school]
name = "B"
timezone = "UTC"
[classroom]
title = "A"
[services.live-class]
owner = "o"
url = "https://room.example"
kind = "{kind}"
[services.live-class.options]
{words}
"""


@pytest.mark.parametrize(
    ("kind", "words", "subjects"),
    [
        ("web-room", "", ["live-class"]),
        ("web-room", 'people = "Participants"', []),
        ("web-room", 'people_count = "/^People/"', []),
        ("jitsi", "", []),
        ("jitsi", 'people = ""\npeople_count = ""', ["live-class"]),
        ("practice", "", []),
    ],
)
def test_room_without_a_list_is_named(kind: str, words: str, subjects: list[str]) -> None:
    config = parse(FILE.format(kind=kind, words=words), Path("firstbell.toml"))
    assert [finding.subject for finding in check_rooms(config)] == subjects
