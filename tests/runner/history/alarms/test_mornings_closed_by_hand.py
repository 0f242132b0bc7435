"""Mornings on which a person closes an incident: who is told, and what follows if it was too early."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.history.alarms.incidents import NoSuchIncident
from tests.support.mornings import Morning, for_it

HOME, DAY = "[from home; 1 more location not tried yet]", "since Mon 31 Aug"
PLATFORM = 'Student fails at "uses platform" (math): Contoso (platform)'
SIGN_IN = 'Student fails at "uses sign-in" (math): Contoso (sign-in)'
OPENED = f"12:00 it: [critical] {HOME} {PLATFORM}, {DAY} 12:00 EDT"
BY_ANA = "[closed by ana, not seen to work: vendor says so]"
CLOSED = f"it: {BY_ANA} [12:00 to 12:05 EDT, 5 min] {PLATFORM}, {DAY} 12:00 EDT"

BY_HAND = {
    "the end and its reason are told once": (
        "0 math fails platform\n 5 close 1 vendor says so\n 10 math passes\n 15 math passes",
        [OPENED, f"12:05 {CLOSED}"],
    ),
    "a failure that is confirmed later opens it again": (
        "0 math fails platform\n 5 close 1 vendor says so\n 10 math fails platform",
        [
            OPENED,
            f"12:05 {CLOSED}",
            f"12:10 it: [critical] [second time; was OK 12:05 to 12:10 EDT] {PLATFORM}, {DAY} 12:10 EDT",
        ],
    ),
    "the end that is seen afterwards is told as one that was seen": (
        """0 math fails platform
        5 close 1 vendor says so
        10 math fails platform
        15 math passes
        20 math passes
        25 math passes""",
        [
            OPENED,
            f"12:05 {CLOSED}",
            f"12:10 it: [critical] [second time; was OK 12:05 to 12:10 EDT] {PLATFORM}, {DAY} 12:10 EDT",
            f"12:25 it: [closed] [12:10 to 12:25 EDT, 15 min] {PLATFORM}, {DAY} 12:10 EDT",
        ],
    ),
    "the platform behind a sign-in that a person closed is not taken for well": (
        """0 math fails platform
        5 math fails sign-in
        6 close 2 vendor says so
        10 math doubts sign-in
        15 math passes""",
        [
            OPENED,
            f"12:05 it: [critical] {HOME} {SIGN_IN}, {DAY} 12:05 EDT",
            f"12:06 it: {BY_ANA} [12:05 to 12:06 EDT, 1 min] {SIGN_IN}, {DAY} 12:05 EDT",
        ],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_closing_by_hand_tells_its_reason(name: str, morning: Morning) -> None:
    timeline, expected = BY_HAND[name]
    assert for_it(morning.play(timeline)) == expected


def test_a_closing_by_hand_is_in_the_log_and_no_news_for_families(morning: Morning) -> None:
    morning.play("0 math fails platform")
    morning.confirm_draft(1)
    morning.play("5 close 1 vendor says so")
    details = morning.incidents.find(1)
    assert (details.log[-1].what, details.log[-1].why) == ("closed by hand", "by ana: vendor says so")
    assert details.incident.symptoms[0].is_by_hand
    assert morning.drafts() == []
    with pytest.raises(NoSuchIncident, match="closed already"):
        morning.play("6 close 1 again")


def test_a_refused_notice_that_is_put_aside_is_not_tried_again_and_its_end_is_no_draft(morning: Morning) -> None:
    morning.play("0 math fails platform")
    notice = morning.outbox.claim((), timedelta(minutes=1))
    assert notice is not None
    morning.outbox.mark_dead(notice, "HTTP 404")
    assert morning.outbox.put_dead_aside("ana") == 1
    assert (morning.outbox.put_dead_aside("ana"), morning.outbox.try_dead_again()) == (0, 0)
    (aside,) = morning.outbox.entries(9, states=[DeliveryState.PUT_ASIDE])
    assert aside.said == "HTTP 404; put aside by ana"
    morning.play("5 math passes\n 10 math passes")
    assert "closed" not in morning.drafts()
