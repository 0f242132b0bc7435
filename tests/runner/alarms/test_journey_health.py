"""When something counts as broken and when as well again: a table, and laws that hold for any history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.runner.alarms.journey_health import (
    Health,
    HealthReason,
    HealthRules,
    HealthSample,
    HealthState,
    SampleResult,
    next_health,
)

START = datetime(2026, 8, 31, 11, 45, tzinfo=UTC)
SIGNS = {"f": SampleResult.FINE, "d": SampleResult.DOUBTFUL, "b": SampleResult.BROKEN, "-": SampleResult.SILENT}


def story(told: str, rules: HealthRules) -> list[tuple[Health, HealthReason]]:
    """What happens minute by minute: a letter for each look, in capitals at the second location."""
    health, happened = Health(), []
    for minute, letter in enumerate(told):
        at = START + timedelta(minutes=minute)
        location = "home" if letter.islower() or letter == "-" else "school"
        health, reason = next_health(health, HealthSample(location=location, at=at, sign=SIGNS[letter.lower()]), rules)
        happened.append((health, reason))
    return happened


@pytest.mark.parametrize(
    ("told", "ends", "why"),
    [
        ("f", HealthState.OK, HealthReason.WELL),
        ("d", HealthState.SUSPECTED, HealthReason.SEEN_ONCE),
        ("df", HealthState.OK, HealthReason.FALSE_ALARM),
        ("b", HealthState.OPEN, HealthReason.CONFIRMED),
        ("dd", HealthState.OPEN, HealthReason.CONFIRMED),
        ("bb", HealthState.OPEN, HealthReason.STILL_BROKEN),
        ("bf", HealthState.RECOVERING, HealthReason.BETTER),
        ("bfd", HealthState.OPEN, HealthReason.RELAPSED),
        ("bff", HealthState.OK, HealthReason.RECOVERED),
        ("bF", HealthState.OPEN, HealthReason.STILL_BROKEN),
        ("bBff", HealthState.OPEN, HealthReason.STILL_BROKEN),
        ("bBffFF", HealthState.OK, HealthReason.RECOVERED),
        ("b-", HealthState.OPEN, HealthReason.NOT_JUDGED),
        ("bf-", HealthState.RECOVERING, HealthReason.NOT_JUDGED),
        ("---", HealthState.OK, HealthReason.NOT_JUDGED),
    ],
)
def test_a_story_ends_as_it_should(told: str, ends: HealthState, why: HealthReason) -> None:
    health, reason = story(told, HealthRules())[-1]
    assert (health.state, reason) == (ends, why)


def test_two_places_of_two_must_see_it_within_the_window() -> None:
    rules = HealthRules(places=2, window=timedelta(minutes=5))
    assert story("b", rules)[-1] == (story("b", rules)[-1][0], HealthReason.TOO_FEW_LOCATIONS)
    assert story("bB", rules)[-1][1] is HealthReason.CONFIRMED
    assert story("b------B", rules)[-1][1] is HealthReason.TOO_FEW_LOCATIONS


def test_two_places_that_see_different_things_broken_do_not_agree() -> None:
    health = Health()
    for minute, (location, about) in enumerate((("home", "platform"), ("school", "sign-in"))):
        look = HealthSample(
            location=location, at=START + timedelta(minutes=minute), sign=SampleResult.BROKEN, about=about
        )
        health, reason = next_health(health, look, HealthRules(places=2))
    assert (health.state, reason) == (HealthState.SUSPECTED, HealthReason.TOO_FEW_LOCATIONS)
    look = HealthSample(location="home", at=START + timedelta(minutes=9), sign=SampleResult.BROKEN, about="sign-in")
    assert next_health(health, look, HealthRules(places=2))[1] is HealthReason.CONFIRMED


def test_a_look_that_is_fine_opens_nothing() -> None:
    """The first place's failure is too old, until a pass there renews the time of its last look."""
    rules = HealthRules(places=2, window=timedelta(minutes=5))
    health, reason = story("b------Bf", rules)[-1]
    assert (health.state, reason) == (HealthState.SUSPECTED, HealthReason.TOO_FEW_LOCATIONS)
    assert story("b------BfB", rules)[-1][1] is HealthReason.TOO_FEW_LOCATIONS


def test_it_tells_since_when_and_where() -> None:
    health, _ = story("fdBb", HealthRules(places=2))[-1]
    assert health.since == START + timedelta(minutes=1)
    assert health.broken_locations == ("home", "school")
    assert story("bff", HealthRules())[-1][0].since is None


def test_a_look_that_comes_late_says_nothing() -> None:
    health, _ = story("ff", HealthRules())[-1]
    late = HealthSample(location="home", at=START, sign=SampleResult.BROKEN)
    assert next_health(health, late, HealthRules()) == (health, HealthReason.NOT_JUDGED)


@given(st.text("fdb-FDB", max_size=40), st.integers(1, 2), st.integers(1, 3))
def test_laws_of_any_history(told: str, places: int, passes: int) -> None:
    happened = story(told, HealthRules(places=places, passes=passes))
    was_open = False
    for letter, (health, reason) in zip(told, happened, strict=True):
        if health.is_open and not was_open:
            assert letter.lower() in "bd"
            assert len(health.broken_locations) >= places
        if was_open and not health.is_open:
            assert reason is HealthReason.RECOVERED
            assert letter.lower() == "f"
            assert health.state is HealthState.OK
        if letter == "-":
            assert reason is HealthReason.NOT_JUDGED
        was_open = health.is_open
