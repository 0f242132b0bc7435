"""Mornings with several causes: a notice tells since when its own failure lasts, and joins no two causes."""

from __future__ import annotations

import pytest

from firstbell.runner.alarms.incident import IncidentEvent
from tests.support.mornings import Morning, for_it

AGAIN = "[second time; was OK 12:10 to 12:20 EDT]"
HOME, DAY = "[from home; 1 more location not tried yet]", "since Mon 31 Aug"
PLATFORM = 'Student fails at "uses platform" (math): Contoso (platform)'
SIGN_IN = 'Student fails at "uses sign-in" (math): Contoso (sign-in)'
OTHER_STEP = 'Student fails at "uses platform: files" (math): Contoso (platform)'
UNKNOWN = 'Student fails at "uses unknown" (math): service not known'

CAUSES = {
    "a doubt about sign-in is no part of the platform's failure": (
        "0 math doubts sign-in\n 10 math fails platform",
        [f"12:10 it: [critical] {HOME} {PLATFORM}, {DAY} 12:10 EDT"],
    ),
    "a doubt about the same service is where its failure began": (
        "0 math doubts platform\n 10 math fails platform",
        [f"12:10 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"],
    ),
    "a doubt that a pass has refuted began nothing": (
        "0 math doubts platform\n 5 math passes\n 10 math fails platform",
        [f"12:10 it: [critical] {HOME} {PLATFORM}, {DAY} 12:10 EDT"],
    ),
    "a doubt at another location about another service began nothing": (
        "0 math doubts sign-in at school\n 10 math fails platform",
        [f"12:10 it: [critical] {HOME} {PLATFORM}, {DAY} 12:10 EDT"],
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
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
            f"12:20 it: [critical] {AGAIN} {PLATFORM}, {DAY} 12:20 EDT",
            f"12:35 it: [closed] [12:20 to 12:35 EDT, 15 min] {PLATFORM}, {DAY} 12:20 EDT",
        ],
    ),
    "another step of the same service is another failure": (
        "0 math fails platform\n 5 math passes\n 10 math passes\n 20 math fails platform:_files",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
            f"12:20 it: [critical] {HOME} {OTHER_STEP}, {DAY} 12:20 EDT",
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
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
            f"12:15 it: [critical] {HOME} {SIGN_IN}, {DAY} 12:15 EDT",
            f"12:25 it: [closed] [12:15 to 12:25 EDT, 10 min] {SIGN_IN}, {DAY} 12:15 EDT",
            f"12:28 it: [critical] {HOME} {OTHER_STEP}, {DAY} 12:28 EDT",
        ],
    ),
    "the same journey of unknown cause at another step is another failure": (
        "0 math fails unknown\n 5 math passes\n 10 math passes\n 20 math fails unknown:_door",
        [
            f"12:00 it: [critical] {HOME} {UNKNOWN}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {UNKNOWN}, {DAY} 12:00 EDT",
            f"12:20 it: [critical] {HOME} {UNKNOWN.replace('unknown', 'unknown: door', 1)}, {DAY} 12:20 EDT",
        ],
    ),
    "another journey at the same step is the second time": (
        "0 math fails platform\n 5 math passes\n 10 math passes\n 20 art fails platform",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
            f"12:20 it: [critical] {AGAIN} {PLATFORM.replace('math', 'art')}, {DAY} 12:20 EDT",
        ],
    ),
    "a failure after more than half an hour is a new one": (
        "0 math fails platform\n 5 math passes\n 10 math passes\n 45 math fails platform",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
            f"12:45 it: [critical] {HOME} {PLATFORM}, {DAY} 12:45 EDT",
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
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:01 it: [critical] {HOME} {SIGN_IN.replace('math', 'art')}, {DAY} 12:01 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
        ],
    ),
    "a single failure that nobody has confirmed is no news": ("0 math doubts platform\n 5 math passes", []),
    "a failure that comes and goes with every run stays one story": (
        "0 math fails platform\n 5 math passes\n 10 math fails platform\n 15 math passes\n 20 math fails platform",
        [f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"],
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
    assert for_it(morning.play("5 art passes\n 10 art passes"))[-1].startswith(
        "12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] Student"
    )


def test_a_location_that_is_removed_is_named_no_longer(morning: Morning) -> None:
    morning.play("0 math fails platform\n 1 math fails platform at school")
    morning.incidents.drop_location("school")
    assert morning.incidents.find(1).incident.locations == ("home",)
