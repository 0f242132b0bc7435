"""Mornings with closings, acknowledgements and relapses: each notice with its time and first line, exactly."""

from __future__ import annotations

import pytest

from tests.support.mornings import Morning, for_it

HOME, DAY = "[from home; 1 more location not tried yet]", "since Mon 31 Aug"
PLATFORM = 'Student fails at "uses platform" (math): Contoso (platform)'
SIGN_IN = 'Student fails at "uses sign-in" (math): Contoso (sign-in)'

CLOSINGS = {
    "two passes close": (
        "0 math fails platform\n 5 math passes\n 10 math passes",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:10 it: [closed] [12:00 to 12:10 EDT, 10 min] {PLATFORM}, {DAY} 12:00 EDT",
        ],
    ),
    "a sign-in that fails now says nothing of the platform": (
        "0 math fails platform\n 5 math fails sign-in\n 10 math fails sign-in\n 200 math fails sign-in",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:05 it: [critical] {HOME} {SIGN_IN}, {DAY} 12:05 EDT",
        ],
    ),
    "sign-in is back and the platform is still broken": (
        "0 math fails platform\n 5 math fails sign-in\n 10 math fails platform\n 15 math passes\n 20 math passes",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:05 it: [critical] {HOME} {SIGN_IN}, {DAY} 12:05 EDT",
            f"12:10 it: [closed] [12:05 to 12:10 EDT, 5 min] {SIGN_IN}, {DAY} 12:05 EDT",
            f"12:20 it: [closed] [12:00 to 12:20 EDT, 20 min] {PLATFORM}, {DAY} 12:00 EDT",
        ],
    ),
    "both are well again": (
        "0 math fails platform\n 5 math fails sign-in\n 10 math passes\n 15 math passes",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:05 it: [critical] {HOME} {SIGN_IN}, {DAY} 12:05 EDT",
            f"12:15 it: [closed] [12:00 to 12:15 EDT, 15 min] {PLATFORM}, {DAY} 12:00 EDT",
            f"12:15 it: [closed] [12:05 to 12:15 EDT, 10 min] {SIGN_IN}, {DAY} 12:05 EDT",
        ],
    ),
    "runs that cannot be judged close nothing": (
        "0 math fails platform\n 5 math errs\n 10 math errs\n 15 math passes\n 20 math errs",
        [f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"],
    ),
    "a single failure elsewhere closes nothing": (
        "0 math fails platform\n 5 math doubts live-class\n 10 math doubts sign-in",
        [f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"],
    ),
    "the other location has not seen it work": (
        """0 math fails platform
        1 math fails platform at school
        5 math fails sign-in at school
        6 math passes
        11 math passes
        16 math fails sign-in at school""",
        [
            f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT",
            f"12:16 it: [critical] [from school; works from home] {SIGN_IN}, {DAY} 12:05 EDT",
        ],
    ),
    "a pass of another journey is not a pass of this one": (
        "0 math fails platform\n 5 art passes\n 10 art passes\n 15 art passes",
        [f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"],
    ),
}


@pytest.mark.parametrize("name", CLOSINGS)
def test_a_closing_is_told_of_what_was_seen_to_work(name: str, morning: Morning) -> None:
    timeline, expected = CLOSINGS[name]
    assert for_it(morning.play(timeline)) == expected


def test_families_are_told_nothing_of_a_platform_behind_a_broken_sign_in(morning: Morning) -> None:
    morning.play("0 math fails platform\n 5 math fails sign-in")
    assert morning.drafts() == ["opened", "opened"]
    details = morning.incidents.find(1)
    assert details.log[-1].why == "math at home: cannot be tested until sign-in is back"
    assert details.incident.symptoms[0].blocked_by == "sign-in"


OPENED = f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"
ACKNOWLEDGED = f"12:01 it: [acknowledged by ana] {PLATFORM}, {DAY} 12:00 EDT"
TWO = PLATFORM
ALSO_ART = f"it: [still critical] [now also art at home] {TWO}, {DAY} 12:00 EDT"
AT_SCHOOL = f"it: [still critical] [now also math at school] {PLATFORM}, {DAY} 12:00 EDT"
BOTH_ACKNOWLEDGED = f"it: [acknowledged by ana] {TWO}, {DAY} 12:00 EDT"
JOINS = {
    "a new journey is told once": (
        """0 math fails platform
        1 ack 1
        5 art fails platform
        10 art fails platform
        400 upkeep""",
        [OPENED, ACKNOWLEDGED, f"12:05 {ALSO_ART}"],
    ),
    "a new location is told once": (
        """0 math fails platform
        1 ack 1
        5 math fails platform at school
        10 math fails platform at school
        400 upkeep""",
        [OPENED, ACKNOWLEDGED, f"12:05 {AT_SCHOOL}"],
    ),
    "a journey that was acknowledged is no news": (
        """0 math fails platform
        5 art fails platform
        6 ack 1
        10 art passes
        15 art passes
        20 art fails platform""",
        [OPENED, f"12:06 {BOTH_ACKNOWLEDGED}"],
    ),
    "a journey that was well for long is news": (
        """0 math fails platform
        1 art fails platform
        2 ack 1
        10 art passes
        15 art passes
        60 art fails platform""",
        [OPENED, f"12:02 {BOTH_ACKNOWLEDGED}", f"13:00 {ALSO_ART}"],
    ),
    "news in a silence waits for its end": (
        """0 math fails platform
        1 ack 1
        2 silence platform 60
        5 art fails platform
        30 upkeep
        62 upkeep
        63 upkeep""",
        [OPENED, ACKNOWLEDGED, f"13:02 {ALSO_ART}"],
    ),
    "a second acknowledgement knows all": (
        """0 math fails platform
        1 ack 1
        5 art fails platform
        6 ack 1
        400 upkeep""",
        [OPENED, ACKNOWLEDGED, f"12:05 {ALSO_ART}", f"12:06 {BOTH_ACKNOWLEDGED}"],
    ),
}


@pytest.mark.parametrize("name", JOINS)
def test_news_of_an_acknowledged_incident_is_told_once(name: str, morning: Morning) -> None:
    timeline, expected = JOINS[name]
    assert for_it(morning.play(timeline)) == expected


def test_failures_of_unknown_cause_are_one_story_only_at_the_same_step(morning: Morning) -> None:
    morning.play("0 math fails unknown\n 1 art fails unknown\n 2 art fails unknown at school")
    assert morning.subjects() == ["unknown"]
    morning.play("5 music fails nothing-known")
    assert morning.subjects() == ["nothing-known", "unknown"]


def test_after_many_relapses_three_passes_close_and_progress_is_told(morning: Morning) -> None:
    breaks = "\n".join(
        f"{start} math fails platform\n {start + 1} math passes\n {start + 2} math passes\n{start + 3} math passes"
        for start in range(0, 40, 5)
    )
    morning.play(breaks)
    morning.play("40 math fails platform\n 50 math passes")
    assert morning.progress() == ["1 of 3 passes"]
    morning.play("60 math passes")
    assert morning.progress() == ["2 of 3 passes"]
    assert for_it(morning.play("70 math passes")) == [
        f"13:10 it: [closed] [12:40 to 13:10 EDT, 30 min] {PLATFORM}, {DAY} 12:40 EDT"
    ]


def test_what_is_no_longer_played_is_said_and_is_not_said_to_work(morning: Morning) -> None:
    morning.play("0 math fails platform")
    morning.confirm_draft(1)
    morning.incidents.drop_unwatched(lambda journey, _: journey != "math")
    assert for_it(morning.new_notices()) == [
        f"12:00 it: [closed: no longer watched] [12:00 to 12:00 EDT, 1 min] {PLATFORM}, {DAY} 12:00 EDT"
    ]
    assert morning.drafts() == []
