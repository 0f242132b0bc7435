"""What opens an incident, what joins it, what closes it; and laws that hold for any history of verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.runner.alarms.incident import (
    PROBE_SUBJECT,
    AlarmState,
    IncidentChange,
    IncidentEvent,
    IncidentPolicy,
    advance,
)
from firstbell.runner.alarms.journey_health import HealthRules
from firstbell.runner.alarms.observation import Observation, PartOutcome
from firstbell.runner.alarms.part import Part, channel, watch
from firstbell.runner.outcome import Outcome

START = datetime(2026, 8, 31, 11, 45, tzinfo=UTC)


def failed(journey: str, service: str, minute: int, location: str = "home") -> Observation:
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
    )


def came(journey: str, outcome: str, minute: int, location: str = "home") -> Observation:
    return Observation(
        journey=journey, location=location, at=START + timedelta(minutes=minute), outcome=Outcome(outcome)
    )


def told(*verdicts: Observation, policy: IncidentPolicy | None = None) -> tuple[AlarmState, list[IncidentChange]]:
    ledger, changes = AlarmState(), []
    for verdict in verdicts:
        ledger, changed = advance(ledger, verdict, policy or IncidentPolicy())
        changes += [change for change in changed if change.turn is not IncidentEvent.NOTHING_NEW]
    return ledger, changes


def turns(*verdicts: Observation) -> list[str]:
    return [f"{change.turn.value}: {change.incident.subject}" for change in told(*verdicts)[1] if change.incident]


def test_a_confirmed_failure_opens_and_two_passes_close() -> None:
    story = (failed("class", "platform", 0), came("class", "passed", 2), came("class", "passed", 4))
    assert turns(*story) == ["opened: platform", "closed: platform"]
    (incident,) = told(*story)[0].incidents.values()
    assert (incident.opened_at, incident.closed_at) == (START, START + timedelta(minutes=4))
    assert incident.owner == "platform inc"


def test_six_journeys_that_a_sign_in_breaks_are_one_incident_with_six_symptoms() -> None:
    story = [failed(f"journey-{number}", "sign-in", number) for number in range(6)]
    ledger, changes = told(*story)
    assert [change.turn for change in changes] == [IncidentEvent.OPENED, *[IncidentEvent.JOINED] * 5]
    (incident,) = ledger.incidents.values()
    assert len(incident.symptoms) == 6
    ends = [came(f"journey-{number}", "passed", 10 + 10 * lap + number) for lap in (0, 1) for number in range(6)]
    _, changes = told(*story, *ends)
    assert [change.turn for change in changes][6:] == [*[IncidentEvent.SYMPTOM_ENDED] * 5, IncidentEvent.CLOSED]


def test_a_journey_that_breaks_at_a_later_service_moves_to_that_ones_incident() -> None:
    story = (failed("class", "sign-in", 0), failed("class", "platform", 5))
    assert turns(*story) == ["opened: sign-in", "closed: sign-in", "opened: platform"]


def test_two_locations_that_see_different_services_broken_make_no_storm() -> None:
    story = [failed("class", "platform", 0), failed("class", "sign-in", 1, "school")]
    later = [failed("class", "platform", 4), failed("class", "sign-in", 5, "school")]
    assert turns(*story, *later) == ["opened: platform"]
    (incident,) = told(*story, *later)[0].incidents.values()
    assert incident.locations == ("home",)
    moved = failed("class", "sign-in", 8)
    assert turns(*story, *later, moved) == ["opened: platform", "closed: platform", "opened: sign-in"]


def test_what_breaks_again_soon_is_the_same_story_and_must_pass_more_often() -> None:
    passed_twice = [came("class", "passed", 2), came("class", "passed", 4)]
    again = [failed("class", "platform", 6), came("class", "passed", 8), came("class", "passed", 10)]
    story = [failed("class", "platform", 0), *passed_twice, *again]
    assert turns(*story) == ["opened: platform", "closed: platform", "opened again: platform"]
    more = [came("class", "passed", 12), came("class", "passed", 14)]
    assert turns(*story, *more)[-1] == "closed: platform"


def test_what_cannot_be_judged_blames_nobody_and_is_told_to_the_operator_after_three() -> None:
    story = [came("class", outcome, minute) for minute, outcome in enumerate(("errored", "blind", "missed"))]
    assert turns(*story[:2]) == []
    assert turns(*story) == [f"opened: {PROBE_SUBJECT}"]
    assert turns(*story, failed("class", "platform", 9)) == [
        f"opened: {PROBE_SUBJECT}",
        "opened: platform",
        f"closed: {PROBE_SUBJECT}",
    ]


def test_a_failure_that_was_not_confirmed_opens_only_when_it_comes_again() -> None:
    once = Observation(journey="class", location="home", at=START, outcome=Outcome.FAILED, service="platform")
    twice = Observation(
        journey="class", location="home", at=START + timedelta(minutes=5), outcome=Outcome.FAILED, service="platform"
    )
    assert turns(once) == []
    assert turns(once, twice) == ["opened: platform"]


@pytest.mark.parametrize(
    ("outcome", "is_private", "said", "opened"),
    [
        (Outcome.ERRORED, True, "privacy: somebody who is not expected came into the class", ["opened: first-bell"]),
        (Outcome.ERRORED, True, "in whatever words", ["opened: first-bell"]),
        (Outcome.ERRORED, False, "privacy: a page says so", []),
        (Outcome.FAILED, False, "privacy: a page says so", []),
    ],
)
def test_a_stranger_in_the_class_is_told_the_first_time_by_a_field_and_not_by_a_sentence(
    outcome: Outcome, said: str, opened: list[str], *, is_private: bool
) -> None:
    verdict = Observation(
        journey="class",
        location="home",
        at=START,
        outcome=outcome,
        said=said,
        is_private=is_private,
        service="platform",
    )
    assert turns(verdict) == opened


@pytest.mark.parametrize(
    ("journey", "part", "subject"),
    [
        ("channel smtp:a@b.c", channel("smtp:a@b.c"), "channel smtp:a@b.c"),
        ("watch school", watch("school"), "watch school"),
        ("a journey with spaces", None, PROBE_SUBJECT),
        ("class", None, PROBE_SUBJECT),
    ],
)
def test_a_part_of_first_bell_is_told_by_its_field_and_not_by_its_name(
    journey: str, part: Part | None, subject: str
) -> None:
    outcome = PartOutcome.SILENT if part else Outcome.ERRORED
    ledger, _ = told(
        *(
            Observation(journey=journey, part=part, location="home", at=START + timedelta(minutes=lap), outcome=outcome)
            for lap in range(3)
        )
    )
    (incident,) = ledger.incidents.values()
    assert (incident.subject, incident.is_own, incident.symptoms[0].part) == (subject, True, part)


def test_a_service_whose_name_holds_a_space_is_still_the_districts() -> None:
    (incident,) = told(failed("class", "the platform", 0))[0].incidents.values()
    assert not incident.is_own


VERDICTS = st.lists(
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
@given(VERDICTS, st.integers(1, 2))
def test_laws_of_any_history(history: list[tuple[str, str, str, str, bool]], places: int) -> None:
    policy = IncidentPolicy(service=HealthRules(places=places))
    ledger, alive = AlarmState(), set[int]()
    for minute, (journey, outcome, service, location, confirmed) in enumerate(history):
        verdict = Observation(
            journey=journey,
            location=location,
            at=START + timedelta(minutes=minute),
            outcome=Outcome(outcome),
            confirmed=confirmed and outcome == "failed",
            service=service if outcome == "failed" else "",
        )
        ledger, changes = advance(ledger, verdict, policy)
        for change in changes:
            if change.incident is None:
                continue
            number = change.incident.number
            if change.turn in (IncidentEvent.OPENED, IncidentEvent.OPENED_AGAIN):
                assert number not in alive
                assert (outcome == "failed") is (change.incident.subject != PROBE_SUBJECT)
                alive.add(number)
            elif change.turn is IncidentEvent.CLOSED:
                alive.remove(number)
        assert alive == {number for number, incident in ledger.incidents.items() if incident.is_open}
        for watched in ledger.watched.values():
            assert (watched.incident != 0) is watched.health.is_open
            assert watched.incident == 0 or ledger.incidents[watched.incident].is_open
        subjects = [incident.subject for incident in ledger.incidents.values() if incident.is_open]
        assert len(subjects) == len(set(subjects))
