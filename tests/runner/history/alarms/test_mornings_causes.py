"""Mornings with several causes: a notice tells since when its own failure lasts, and joins no two causes."""

from __future__ import annotations

import pytest

from firstbell.runner.alarms.incident import IncidentEvent
from tests.support.mornings import Morning, for_it

SEEN = "1 of 2 locations, confirmed"
PLATFORM = 'student "uses platform" fails in math: Contoso (platform)'
SIGN_IN = 'student "uses sign-in" fails in math: Contoso (sign-in)'
OTHER_STEP = 'student "uses platform: files" fails in math: Contoso (platform)'
UNKNOWN = 'student "uses unknown" fails in math: service not known'

CAUSES = {
    "a doubt about sign-in is no part of the platform's failure": (
        "0 math doubts sign-in\n 10 math fails platform",
        [f"12:10 it: [critical] {PLATFORM}, since 12:10 EDT, {SEEN}"],
    ),
    "a doubt about the same service is where its failure began": (
        "0 math doubts platform\n 10 math fails platform",
        [f"12:10 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}"],
    ),
    "a doubt that a pass has refuted began nothing": (
        "0 math doubts platform\n 5 math passes\n 10 math fails platform",
        [f"12:10 it: [critical] {PLATFORM}, since 12:10 EDT, {SEEN}"],
    ),
    "a doubt at another location about another service began nothing": (
        "0 math doubts sign-in at school\n 10 math fails platform",
        [f"12:10 it: [critical] {PLATFORM}, since 12:10 EDT, {SEEN}"],
    ),
    "a relapse has a beginning of its own": (
        """0 math fails platform
        5 math passes
        10 math passes
        20 math fails platform
        25 math passes
        30 math passes
        35 math passes""",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
            f"12:20 it: [critical] {PLATFORM}, since 12:20 EDT, {SEEN}, opened 2 times",
            f"12:35 it: [closed] {PLATFORM}, 12:20 to 12:35 EDT, 15 min",
        ],
    ),
    "another step of the same service is another failure": (
        "0 math fails platform\n 5 math passes\n 10 math passes\n 20 math fails platform:_files",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
            f"12:20 it: [critical] {OTHER_STEP}, since 12:20 EDT, {SEEN}",
        ],
    ),
    "a third failure is not told as the second time of the first": (
        """0 math fails platform
        5 math passes
        10 math passes
        15 math fails sign-in
        20 math passes
        25 math passes
        28 math fails platform:_files""",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
            f"12:15 it: [critical] {SIGN_IN}, since 12:15 EDT, {SEEN}",
            f"12:25 it: [closed] {SIGN_IN}, 12:15 to 12:25 EDT, 10 min",
            f"12:28 it: [critical] {OTHER_STEP}, since 12:28 EDT, {SEEN}",
        ],
    ),
    "the same journey of unknown cause at another step is another failure": (
        "0 math fails unknown\n 5 math passes\n 10 math passes\n 20 math fails unknown:_door",
        [
            f"12:00 it: [critical] {UNKNOWN}, since 12:00 EDT, {SEEN}",
            f"12:10 it: [closed] {UNKNOWN}, 12:00 to 12:10 EDT, 10 min",
            f"12:20 it: [critical] {UNKNOWN.replace('unknown', 'unknown: door', 1)}, since 12:20 EDT, {SEEN}",
        ],
    ),
    "another journey at the same step is the second time": (
        "0 math fails platform\n 5 math passes\n 10 math passes\n 20 art fails platform",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
            f"12:20 it: [critical] {PLATFORM.replace('math', 'art')}, since 12:20 EDT, {SEEN}, opened 2 times",
        ],
    ),
    "a failure after more than half an hour is a new one": (
        "0 math fails platform\n 5 math passes\n 10 math passes\n 45 math fails platform",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
            f"12:45 it: [critical] {PLATFORM}, since 12:45 EDT, {SEEN}",
        ],
    ),
    "two services at once are two stories": (
        """0 math fails platform
        1 art fails sign-in
        5 math passes
        6 art passes
        10 math passes
        11 art fails sign-in""",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}",
            f"12:01 it: [critical] {SIGN_IN.replace('math', 'art')}, since 12:01 EDT, {SEEN}",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
        ],
    ),
    "a single failure that nobody has confirmed is no news": ("0 math doubts platform\n 5 math passes", []),
    "a failure that comes and goes with every run stays one story": (
        "0 math fails platform\n 5 math passes\n 10 math fails platform\n 15 math passes\n 20 math fails platform",
        [f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, {SEEN}"],
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_a_notice_tells_of_its_own_failure_alone(name: str, morning: Morning) -> None:
    timeline, expected = CAUSES[name]
    assert for_it(morning.play(timeline)) == expected


def test_a_journey_that_is_removed_is_not_said_to_work_again(morning: Morning) -> None:
    morning.play("0 math fails platform\n 1 art fails platform")
    morning.incidents.drop_unwatched(lambda journey, _: journey != "math")
    assert morning.incidents.find(1).log[-1].what == IncidentEvent.SYMPTOM_RETIRED.value
    assert for_it(morning.play("5 art passes\n 10 art passes"))[-1].startswith("12:10 it: [closed] student")


def test_a_location_that_is_removed_is_named_no_longer(morning: Morning) -> None:
    morning.play("0 math fails platform\n 1 math fails platform at school")
    morning.incidents.drop_location("school")
    assert morning.incidents.find(1).incident.locations == ("home",)
