"""Incidents: what opens, joins and closes them, and laws for any sequence of observations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.runner.alarms.incident import (
    ENDED_KEPT,
    NEWS_KEPT,
    PROBE_SUBJECT,
    AlarmState,
    IncidentChange,
    IncidentEvent,
    IncidentPolicy,
)
from firstbell.runner.alarms.journey_health import HealthRules
from firstbell.runner.alarms.observation import Observation, PartOutcome
from firstbell.runner.alarms.part import Part, channel, watch
from firstbell.runner.alarms.rules.advance import advance
from firstbell.runner.outcome import Outcome

START = datetime(2026, 8, 31, 11, 45, tzinfo=UTC)


CHAIN = ("sign-in", "platform", "live-class")


def failed(journey: str, service: str, minute: int, location: str = "home") -> Observation:
    """A confirmed failure at a service of the chain: the steps before it passed, those after it were not reached."""
    before = CHAIN[: CHAIN.index(service)] if service in CHAIN else ()
    at = START + timedelta(minutes=minute)
    return Observation(
        journey=journey,
        location=location,
        at=at,
        outcome=Outcome.FAILED,
        confirmed=True,
        service=service,
        owner=f"{service} inc",
        run_id=f"{journey}-{minute}",
        actor="student",
        step=service,
        passed_steps={("student", name): 1 for name in before},
    )


def ran(journey: str, outcome: str, minute: int, location: str = "home") -> Observation:
    return Observation(
        journey=journey, location=location, at=START + timedelta(minutes=minute), outcome=Outcome(outcome)
    )


def incidents_after(
    *observations: Observation, policy: IncidentPolicy | None = None
) -> tuple[AlarmState, list[IncidentChange]]:
    state, changes = AlarmState(), []
    for observation in observations:
        state, changed = advance(state, observation, policy or IncidentPolicy())
        changes += [change for change in changed if change.event is not IncidentEvent.NOTHING_NEW]
    return state, changes


def events(*observations: Observation) -> list[str]:
    return [
        f"{change.event.value}: {change.incident.subject}"
        for change in incidents_after(*observations)[1]
        if change.incident
    ]


def test_a_confirmed_failure_opens_and_two_passes_close_an_incident() -> None:
    story = (failed("class", "platform", 0), ran("class", "passed", 2), ran("class", "passed", 4))
    assert events(*story) == ["opened: platform", "closed: platform"]
    (incident,) = incidents_after(*story)[0].incidents.values()
    assert (incident.opened_at, incident.closed_at) == (START, START + timedelta(minutes=4))
    assert incident.owner == "platform inc"


def test_journeys_broken_by_one_service_are_symptoms_of_one_incident() -> None:
    story = [failed(f"journey-{number}", "sign-in", number) for number in range(6)]
    state, changes = incidents_after(*story)
    assert [change.event for change in changes] == [IncidentEvent.OPENED, *[IncidentEvent.JOINED] * 5]
    (incident,) = state.incidents.values()
    assert len(incident.symptoms) == 6
    ends = [ran(f"journey-{number}", "passed", 10 + 10 * lap + number) for lap in (0, 1) for number in range(6)]
    _, changes = incidents_after(*story, *ends)
    assert [change.event for change in changes][6:] == [*[IncidentEvent.SYMPTOM_ENDED] * 5, IncidentEvent.CLOSED]


def test_a_journey_that_breaks_elsewhere_moves_to_another_incident() -> None:
    story = (failed("class", "sign-in", 0), failed("class", "platform", 5))
    assert events(*story) == ["opened: sign-in", "closed: sign-in", "opened: platform"]


def test_locations_that_blame_different_services_open_one_incident() -> None:
    story = [failed("class", "platform", 0), failed("class", "sign-in", 1, "school")]
    later = [failed("class", "platform", 4), failed("class", "sign-in", 5, "school")]
    assert events(*story, *later) == ["opened: platform"]
    (incident,) = incidents_after(*story, *later)[0].incidents.values()
    assert incident.locations == ("home",)
    moved = failed("class", "sign-in", 8)
    expected = ["opened: platform", "cannot be tested: platform", "opened: sign-in"]
    assert events(*story, *later, moved) == expected


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        ({}, "cannot be tested: platform"),
        ({"platform": 1}, "closed: platform"),
        ({"platform opens": 1}, "cannot be tested: platform"),
    ],
    ids=["not reached", "the failed step passed", "another step of the service passed"],
)
def test_a_service_is_well_once_its_failed_step_was_seen_to_pass(passed: dict[str, int], expected: str) -> None:
    steps = {("student", name): count for name, count in passed.items()}
    second = replace(failed("class", "live-class", 5), passed_steps=steps)
    assert events(failed("class", "platform", 0), second)[1] == expected


def test_a_step_that_stands_twice_is_seen_at_its_own_place() -> None:
    once = {("student", "platform"): 1}
    first = replace(failed("class", "platform", 0), passed_steps=once)
    between = replace(failed("class", "live-class", 5), passed_steps=once)
    beyond = replace(between, at=between.at + timedelta(minutes=5), passed_steps={("student", "platform"): 2})
    assert events(first, between)[1] == "cannot be tested: platform"
    assert events(first, between, beyond)[-1] == "closed: platform"


def test_a_service_seen_well_from_one_location_stays_open_for_the_other() -> None:
    story = [failed("class", "platform", 0), failed("class", "platform", 1, "school")]
    behind = [failed("class", "sign-in", 5, "school"), failed("class", "live-class", 6)]
    assert "closed: platform" not in events(*story, *behind)
    assert "closed: platform" in events(*story, *behind, failed("class", "live-class", 8, "school"))


def test_a_relapse_opens_the_incident_again_and_needs_more_passes() -> None:
    passed_twice = [ran("class", "passed", 2), ran("class", "passed", 4)]
    again = [failed("class", "platform", 6), ran("class", "passed", 8), ran("class", "passed", 10)]
    story = [failed("class", "platform", 0), *passed_twice, *again]
    assert events(*story) == ["opened: platform", "closed: platform", "opened again: platform"]
    more = [ran("class", "passed", 12), ran("class", "passed", 14)]
    assert events(*story, *more)[-1] == "closed: platform"


def test_three_runs_without_judgement_open_the_operators_incident() -> None:
    story = [ran("class", outcome, minute) for minute, outcome in enumerate(("errored", "blind", "missed"))]
    assert events(*story[:2]) == []
    assert events(*story) == [f"opened: {PROBE_SUBJECT}"]
    assert events(*story, failed("class", "platform", 9)) == [
        f"opened: {PROBE_SUBJECT}",
        "opened: platform",
        f"closed: {PROBE_SUBJECT}",
    ]


def test_an_unconfirmed_failure_opens_an_incident_only_the_second_time() -> None:
    once = Observation(journey="class", location="home", at=START, outcome=Outcome.FAILED, service="platform")
    twice = Observation(
        journey="class", location="home", at=START + timedelta(minutes=5), outcome=Outcome.FAILED, service="platform"
    )
    assert events(once) == []
    assert events(once, twice) == ["opened: platform"]


@pytest.mark.parametrize(
    ("outcome", "is_private", "problem", "opened"),
    [
        (Outcome.ERRORED, True, "privacy: an unexpected person is in the class", ["opened: first-bell"]),
        (Outcome.ERRORED, True, "in whatever words", ["opened: first-bell"]),
        (Outcome.ERRORED, False, "privacy: a page says so", []),
        (Outcome.FAILED, False, "privacy: a page says so", []),
    ],
)
def test_an_unexpected_person_opens_at_once_by_field_not_by_message(
    outcome: Outcome, problem: str, opened: list[str], *, is_private: bool
) -> None:
    observation = Observation(
        journey="class",
        location="home",
        at=START,
        outcome=outcome,
        problem=problem,
        is_private=is_private,
        service="platform",
    )
    assert events(observation) == opened


@pytest.mark.parametrize(
    ("journey", "part", "subject"),
    [
        ("channel smtp:a@b.c", channel("smtp:a@b.c"), "channel smtp:a@b.c"),
        ("watch school", watch("school"), "watch school"),
        ("a journey with spaces", None, PROBE_SUBJECT),
        ("class", None, PROBE_SUBJECT),
    ],
)
def test_a_part_of_first_bell_is_known_by_its_field_not_by_its_name(
    journey: str, part: Part | None, subject: str
) -> None:
    outcome = PartOutcome.FAILING if part else Outcome.ERRORED
    state, _ = incidents_after(
        *(
            Observation(journey=journey, part=part, location="home", at=START + timedelta(minutes=lap), outcome=outcome)
            for lap in range(3)
        )
    )
    (incident,) = state.incidents.values()
    assert (incident.subject, incident.is_own, incident.symptoms[0].part) == (subject, True, part)


def test_a_service_with_a_space_in_its_name_is_no_part_of_first_bell() -> None:
    (incident,) = incidents_after(failed("class", "the platform", 0))[0].incidents.values()
    assert not incident.is_own


OBSERVATIONS = st.lists(
    st.tuples(
        st.sampled_from(["sign-in", "class", "plan-b"]),
        st.sampled_from(["passed", "failed", "failed", "errored", "missed"]),
        st.sampled_from(["sign-in", "platform"]),
        st.sampled_from(["home", "school"]),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(OBSERVATIONS, st.integers(1, 2))
def test_laws_of_any_sequence_of_observations(history: list[tuple[str, str, str, str, bool]], locations: int) -> None:
    policy = IncidentPolicy(service=HealthRules(locations=locations))
    state, alive = AlarmState(), set[int]()
    for minute, (journey, outcome, service, location, confirmed) in enumerate(history):
        observation = Observation(
            journey=journey,
            location=location,
            at=START + timedelta(minutes=minute),
            outcome=Outcome(outcome),
            confirmed=confirmed and outcome == "failed",
            service=service if outcome == "failed" else "",
        )
        state, changes = advance(state, observation, policy)
        for change in changes:
            if change.incident is None:
                continue
            number = change.incident.number
            if change.event in (IncidentEvent.OPENED, IncidentEvent.OPENED_AGAIN):
                assert number not in alive
                assert (outcome == "failed") is (change.incident.subject != PROBE_SUBJECT)
                alive.add(number)
            elif change.event is IncidentEvent.CLOSED:
                alive.remove(number)
        assert alive == {number for number, incident in state.incidents.items() if incident.is_open}
        for watched in state.watched.values():
            assert (watched.incident != 0) is watched.health.is_open
            assert watched.incident == 0 or state.incidents[watched.incident].is_open
        subjects = [incident.subject for incident in state.incidents.values() if incident.is_open]
        assert len(subjects) == len(set(subjects))


def test_the_story_of_an_incident_that_flaps_for_weeks_stays_short() -> None:
    state, turns = AlarmState(), 300
    for turn in range(turns):
        for minute, outcome in enumerate(("failed", "passed", "passed", "passed")):
            at = 10 * turn + minute
            said = failed("a", "platform", at) if outcome == "failed" else ran("a", outcome, at)
            state, _ = advance(state, said, IncidentPolicy())
    (incident,) = state.incidents.values()
    latest = START + timedelta(minutes=10 * (turns - 1))
    assert (incident.openings, incident.since) == (turns, latest)
    assert len(incident.symptoms) == ENDED_KEPT + 1
    assert len(incident.symptoms) + incident.symptoms_left_out == turns
    assert incident.symptoms[-1].run_id == f"a-{10 * (turns - 1)}"


def test_a_relapse_of_one_of_many_journeys_is_no_news_after_the_story_was_shortened() -> None:
    many = [f"journey-{number}" for number in range(2 * ENDED_KEPT)]
    rounds = [failed("held", "platform", 0), *(failed(name, "platform", 1) for name in many)]
    rounds += [ran(name, "passed", minute) for minute in (2, 3, 4) for name in many]
    before = incidents_after(*rounds)[0].incidents[1]
    after = incidents_after(*rounds, *(failed(name, "platform", 5) for name in many))[0].incidents[1]
    assert (before.told, after.told) == (len(many), len(many))


def test_news_are_counted_on_after_the_oldest_are_left_out() -> None:
    many = [f"journey-{number}" for number in range(NEWS_KEPT + 10)]
    incident = incidents_after(*(failed(name, "platform", 0) for name in many))[0].incidents[1]
    assert (incident.told, len(incident.news)) == (len(many) - 1, NEWS_KEPT)
    assert incident.news_after(len(many) - 2) == (f"{many[-1]} at home",)
    assert incident.news_after(0) == incident.news
