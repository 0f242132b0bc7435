"""What can be played, under which names, by whom; and what is planned although nobody can play it."""

from __future__ import annotations

from pathlib import Path

from runner.config.load import parse
from runner.execution.casting import Part
from runner.execution.messages import JourneyCard
from runner.execution.repertoire import Piece, repertoire

CARDS = [
    JourneyCard(
        id="live-class", title="", relies_on=("live-class",), roles=("teacher", "student"), file="live_class.py", line=1
    ),
    JourneyCard(id="class-list", title="", relies_on=("platform",), roles=("student",), file="class_list.py", line=1),
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


def pieces() -> dict[str, Piece]:
    return dict(repertoire(CARDS, parse(TEXT, Path("firstbell.toml")).settings))


def test_collected_journeys_come_first_and_what_the_file_adds_after_them() -> None:
    assert list(pieces()) == ["live-class", "class-list", "live-class-high", "ghost"]


def test_one_journey_is_played_under_two_names_for_two_groups() -> None:
    high, elementary = pieces()["live-class-high"], pieces()["live-class"]
    assert high.card == elementary.card == CARDS[0]
    assert (high.section.deadline, elementary.section.deadline) == (60.0, 90.0)
    assert high.part == Part(roles=("teacher", "student"), groups=("high",), meets=True)
    assert elementary.part.groups == ("elementary",)


def test_a_journey_that_only_reads_a_list_needs_no_class() -> None:
    assert pieces()["class-list"].part == Part(roles=("student",), groups=(), meets=False)


def test_what_no_file_defines_is_there_without_a_card_and_needs_nobody() -> None:
    assert pieces()["ghost"].card is None
    assert pieces()["ghost"].part == Part(roles=())
