"""When something counts as broken and when as well again: a table, and laws that hold for any history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.alarms.health import Health, Look, Reason, Rules, Sign, State, turn

START = datetime(2026, 8, 31, 11, 45, tzinfo=UTC)
SIGNS = {"f": Sign.FINE, "d": Sign.DOUBTFUL, "b": Sign.BROKEN, "-": Sign.SILENT}


def story(told: str, rules: Rules) -> list[tuple[Health, Reason]]:
    """What happens minute by minute: a letter for each look, in capitals at the second location."""
    health, happened = Health(), []
    for minute, letter in enumerate(told):
        at = START + timedelta(minutes=minute)
        location = "home" if letter.islower() or letter == "-" else "school"
        health, reason = turn(health, Look(location=location, at=at, sign=SIGNS[letter.lower()]), rules)
        happened.append((health, reason))
    return happened


@pytest.mark.parametrize(
    ("told", "ends", "why"),
    [
        ("f", State.OK, Reason.WELL),
        ("d", State.SUSPECTED, Reason.SEEN_ONCE),
        ("df", State.OK, Reason.FALSE_ALARM),
        ("b", State.OPEN, Reason.CONFIRMED),
        ("dd", State.OPEN, Reason.CONFIRMED),
        ("bb", State.OPEN, Reason.STILL_BROKEN),
        ("bf", State.RECOVERING, Reason.BETTER),
        ("bfd", State.OPEN, Reason.RELAPSED),
        ("bff", State.OK, Reason.RECOVERED),
        ("bF", State.OPEN, Reason.STILL_BROKEN),
        ("bBff", State.OPEN, Reason.STILL_BROKEN),
        ("bBffFF", State.OK, Reason.RECOVERED),
        ("b-", State.OPEN, Reason.NOT_JUDGED),
        ("bf-", State.RECOVERING, Reason.NOT_JUDGED),
        ("---", State.OK, Reason.NOT_JUDGED),
    ],
)
def test_a_story_ends_as_it_should(told: str, ends: State, why: Reason) -> None:
    health, reason = story(told, Rules())[-1]
    assert (health.state, reason) == (ends, why)


def test_two_places_of_two_must_see_it_within_the_window() -> None:
    rules = Rules(places=2, window=timedelta(minutes=5))
    assert story("b", rules)[-1] == (story("b", rules)[-1][0], Reason.TOO_FEW_PLACES)
    assert story("bB", rules)[-1][1] is Reason.CONFIRMED
    assert story("b------B", rules)[-1][1] is Reason.TOO_FEW_PLACES


def test_two_places_that_see_different_things_broken_do_not_agree() -> None:
    health = Health()
    for minute, (location, about) in enumerate((("home", "platform"), ("school", "sign-in"))):
        look = Look(location=location, at=START + timedelta(minutes=minute), sign=Sign.BROKEN, about=about)
        health, reason = turn(health, look, Rules(places=2))
    assert (health.state, reason) == (State.SUSPECTED, Reason.TOO_FEW_PLACES)
    look = Look(location="home", at=START + timedelta(minutes=9), sign=Sign.BROKEN, about="sign-in")
    assert turn(health, look, Rules(places=2))[1] is Reason.CONFIRMED


def test_a_look_that_is_fine_opens_nothing() -> None:
    """The first place's failure is too old, until a pass there renews the time of its last look."""
    rules = Rules(places=2, window=timedelta(minutes=5))
    health, reason = story("b------Bf", rules)[-1]
    assert (health.state, reason) == (State.SUSPECTED, Reason.TOO_FEW_PLACES)
    assert story("b------BfB", rules)[-1][1] is Reason.TOO_FEW_PLACES


def test_it_tells_since_when_and_where() -> None:
    health, _ = story("fdBb", Rules(places=2))[-1]
    assert health.since == START + timedelta(minutes=1)
    assert health.broken_places == ("home", "school")
    assert story("bff", Rules())[-1][0].since is None


def test_a_look_that_comes_late_says_nothing() -> None:
    health, _ = story("ff", Rules())[-1]
    late = Look(location="home", at=START, sign=Sign.BROKEN)
    assert turn(health, late, Rules()) == (health, Reason.NOT_JUDGED)


@given(st.text("fdb-FDB", max_size=40), st.integers(1, 2), st.integers(1, 3))
def test_laws_of_any_history(told: str, places: int, passes: int) -> None:
    happened = story(told, Rules(places=places, passes=passes))
    was_open = False
    for letter, (health, reason) in zip(told, happened, strict=True):
        if health.is_open and not was_open:
            assert letter.lower() in "bd"
            assert len(health.broken_places) >= places
        if was_open and not health.is_open:
            assert reason is Reason.RECOVERED
            assert letter.lower() == "f"
            assert health.state is State.OK
        if letter == "-":
            assert reason is Reason.NOT_JUDGED
        was_open = health.is_open
