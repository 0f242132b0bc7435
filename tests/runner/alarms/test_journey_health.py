"""Health of a journey: when it opens and closes, as a table, and laws for any sequence of samples."""

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
RESULTS = {
    "p": SampleResult.PASSED,
    "u": SampleResult.UNCONFIRMED,
    "b": SampleResult.BROKEN,
    "-": SampleResult.NOT_JUDGED,
}


def health_after_each(samples: str, rules: HealthRules) -> list[tuple[Health, HealthReason]]:
    """Returns the health minute by minute: a letter for each sample, in capitals at the second location."""
    health, found = Health(), []
    for minute, letter in enumerate(samples):
        at = START + timedelta(minutes=minute)
        location = "home" if letter.islower() or letter == "-" else "school"
        sample = HealthSample(location=location, at=at, result=RESULTS[letter.lower()])
        health, reason = next_health(health, sample, rules)
        found.append((health, reason))
    return found


@pytest.mark.parametrize(
    ("samples", "state", "expected"),
    [
        ("p", HealthState.OK, HealthReason.WORKING),
        ("u", HealthState.SUSPECTED, HealthReason.SEEN_ONCE),
        ("up", HealthState.OK, HealthReason.FALSE_ALARM),
        ("b", HealthState.OPEN, HealthReason.CONFIRMED),
        ("uu", HealthState.OPEN, HealthReason.CONFIRMED),
        ("bb", HealthState.OPEN, HealthReason.STILL_BROKEN),
        ("bp", HealthState.RECOVERING, HealthReason.PASSING),
        ("bpu", HealthState.OPEN, HealthReason.RELAPSED),
        ("bpp", HealthState.OK, HealthReason.RECOVERED),
        ("bP", HealthState.OPEN, HealthReason.STILL_BROKEN),
        ("bBpp", HealthState.OPEN, HealthReason.STILL_BROKEN),
        ("bBppPP", HealthState.OK, HealthReason.RECOVERED),
        ("b-", HealthState.OPEN, HealthReason.NOT_JUDGED),
        ("bp-", HealthState.RECOVERING, HealthReason.NOT_JUDGED),
        ("---", HealthState.OK, HealthReason.NOT_JUDGED),
    ],
)
def test_samples_lead_to_state_and_reason(samples: str, state: HealthState, expected: HealthReason) -> None:
    health, reason = health_after_each(samples, HealthRules())[-1]
    assert (health.state, reason) == (state, expected)


def test_two_locations_must_see_the_failure_within_the_window() -> None:
    rules = HealthRules(locations=2, window=timedelta(minutes=5))
    assert health_after_each("b", rules)[-1] == (health_after_each("b", rules)[-1][0], HealthReason.TOO_FEW_LOCATIONS)
    assert health_after_each("bB", rules)[-1][1] is HealthReason.CONFIRMED
    assert health_after_each("b------B", rules)[-1][1] is HealthReason.TOO_FEW_LOCATIONS


def test_locations_that_blame_different_services_do_not_agree() -> None:
    health = Health()
    for minute, (location, about) in enumerate((("home", "platform"), ("school", "sign-in"))):
        sample = HealthSample(
            location=location, at=START + timedelta(minutes=minute), result=SampleResult.BROKEN, about=about
        )
        health, reason = next_health(health, sample, HealthRules(locations=2))
    assert (health.state, reason) == (HealthState.SUSPECTED, HealthReason.TOO_FEW_LOCATIONS)
    sample = HealthSample(location="home", at=START + timedelta(minutes=9), result=SampleResult.BROKEN, about="sign-in")
    assert next_health(health, sample, HealthRules(locations=2))[1] is HealthReason.CONFIRMED


def test_a_pass_never_opens() -> None:
    """The failure of the first location is too old; a pass there renews only the time of its last sample."""
    rules = HealthRules(locations=2, window=timedelta(minutes=5))
    health, reason = health_after_each("b------Bp", rules)[-1]
    assert (health.state, reason) == (HealthState.SUSPECTED, HealthReason.TOO_FEW_LOCATIONS)
    assert health_after_each("b------BpB", rules)[-1][1] is HealthReason.TOO_FEW_LOCATIONS


def test_health_says_since_when_and_where_it_fails() -> None:
    health, _ = health_after_each("puBb", HealthRules(locations=2))[-1]
    assert health.since == START + timedelta(minutes=1)
    assert health.broken_locations == ("home", "school")
    assert health_after_each("bpp", HealthRules())[-1][0].since is None


def test_a_sample_that_is_older_than_the_last_changes_nothing() -> None:
    health, _ = health_after_each("pp", HealthRules())[-1]
    late = HealthSample(location="home", at=START, result=SampleResult.BROKEN)
    assert next_health(health, late, HealthRules()) == (health, HealthReason.NOT_JUDGED)


@given(st.text("pub-PUB", max_size=40), st.integers(1, 2), st.integers(1, 3))
def test_laws_of_any_sequence(samples: str, locations: int, passes: int) -> None:
    happened = health_after_each(samples, HealthRules(locations=locations, passes=passes))
    was_open = False
    for letter, (health, reason) in zip(samples, happened, strict=True):
        if health.is_open and not was_open:
            assert letter.lower() in "bu"
            assert len(health.broken_locations) >= locations
        if was_open and not health.is_open:
            assert reason is HealthReason.RECOVERED
            assert letter.lower() == "p"
            assert health.state is HealthState.OK
        if letter == "-":
            assert reason is HealthReason.NOT_JUDGED
        was_open = health.is_open
