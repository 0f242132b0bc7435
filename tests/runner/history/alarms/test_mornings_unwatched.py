"""Mornings with hours that nobody watched: what became due in them waits for a fresh look."""

from __future__ import annotations

import pytest

from tests.support.mornings import Morning

PLATFORM = 'Student fails at "uses platform" (math): Contoso (platform)'
SINCE, HOME = "since Mon 31 Aug 12:00 EDT", "[from home; 1 more location not tried yet]"
OPENED = f"12:00 it: [critical] {HOME} {PLATFORM}, {SINCE}"

UNWATCHED = {
    "an escalation that fell due in a restart waits for a look": (
        "0 math fails platform\n 60 upkeep since 59",
        [OPENED],
    ),
    "a look that fails lets it go": (
        "0 math fails platform\n 60 upkeep since 59\n 62 math fails platform\n 62 upkeep since 59",
        [OPENED, f"13:02 head: [critical] [nobody has acknowledged it] {PLATFORM}, {SINCE}"],
    ),
    "looks that pass close it, and the head is told nothing": (
        "0 math fails platform\n 62 math passes\n 63 upkeep since 59\n 67 math passes\n 68 upkeep since 59",
        [OPENED, f"13:07 it: [closed] [12:00 to 13:07 EDT, 67 min] {PLATFORM}, since Mon 31 Aug 12:00 EDT"],
    ),
    "a look that cannot be judged says nothing": (
        "0 math fails platform\n 62 math errs\n 63 upkeep since 59",
        [OPENED],
    ),
    "a look that stops before the platform says nothing of it": (
        "0 math fails platform\n 62 math doubts sign-in\n 63 upkeep since 59",
        [OPENED],
    ),
    "a look of another journey that works says nothing": (
        "0 math fails platform\n 62 art passes\n 63 upkeep since 59",
        [OPENED],
    ),
    "a reminder waits for a look": (
        "0 math fails platform\n 1 ack 1 10\n 300 upkeep since 299\n 305 math fails platform\n 305 upkeep since 299",
        [
            OPENED,
            f"12:01 it: [acknowledged by ana until 12:11 EDT] {PLATFORM}, since Mon 31 Aug 12:00 EDT",
            f"17:05 it: [still critical] [the snooze is over] {PLATFORM}, {SINCE}",
            f"17:05 head: [critical] [nobody has acknowledged it] {PLATFORM}, {SINCE}",
        ],
    ),
    "a silence that ended meanwhile waits for a look": (
        """0 silence platform 30
        1 math fails platform
        60 upkeep since 59
        62 math passes
        63 upkeep since 59
        67 math passes""",
        [],
    ),
    "a silence that ended meanwhile is told after a look that fails": (
        """0 silence platform 30
        1 math fails platform
        60 upkeep since 59
        62 math fails platform
        62 upkeep since 59""",
        [f"13:02 it: [critical] [from home; 1 more location not tried yet] {PLATFORM}, since Mon 31 Aug 12:01 EDT"],
    ),
    "a watch without a gap tells on time": (
        "0 math fails platform\n 16 upkeep since -60",
        [OPENED, f"12:16 head: [critical] [nobody has acknowledged it] {PLATFORM}, {SINCE}"],
    ),
    "a fresh look from one of two locations is enough": (
        """0 math fails platform
        1 math fails platform at school
        62 math fails platform at school
        62 upkeep since 59""",
        [OPENED, f"13:02 head: [critical] [nobody has acknowledged it] {PLATFORM}, {SINCE}"],
    ),
    "another journey that ends says nothing of the one that goes on": (
        "0 math fails platform\n 1 art fails platform\n 62 art passes\n 67 art passes\n 68 upkeep since 59",
        [OPENED],
    ),
}


@pytest.mark.parametrize("name", UNWATCHED)
def test_a_notice_that_fell_due_unwatched_looks_first(name: str, morning: Morning) -> None:
    timeline, expected = UNWATCHED[name]
    told = morning.play(timeline)
    assert [notice for notice in told if " parents: " not in notice] == expected
