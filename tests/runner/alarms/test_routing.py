"""Who is told when: stories on a hand-moved clock, and laws that hold for any of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.routing import (
    IncidentStatus,
    NoticeKind,
    Route,
    SentNotice,
    Severity,
    Silence,
    notices_due,
)

START = datetime(2026, 8, 31, 11, 45, tzinfo=UTC)
ON_CALL = Route(name="on-call", to=("smtp:it",), escalate_after=timedelta(minutes=10), escalate_to=("head",))
HEAD = Route(name="head", to=("smtp:head",), escalate_after=timedelta(minutes=20), escalate_to=("board",))
BOARD = Route(name="board", to=("smtp:board",))
OPERATOR = Route(name="operator", to=("smtp:us",), is_operator=True)
ROUTES = (ON_CALL, HEAD, BOARD, OPERATOR)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def incident(subject: str = "platform", *, closed: float | None = None, openings: int = 1) -> Incident:
    symptom = Symptom(
        journey="class", since=START, locations=("home",), actor="student", step="joins", said="no", run_id="x"
    )
    return Incident(
        number=217,
        subject=subject,
        owner="Contoso",
        opened_at=START,
        symptoms=(symptom,),
        closed_at=None if closed is None else minute(closed),
        openings=openings,
    )


class Desk:
    """Asks each minute, and puts what is owed into an outbox."""

    def __init__(self, *routes: Route) -> None:
        self.routes = routes or ROUTES
        self.sent: list[SentNotice] = []
        self.keys: list[str] = []
        self.silences: list[Silence] = []
        self.acknowledged_at: datetime | None = None
        self.acknowledged_until: datetime | None = None
        self.severity = Severity.CRITICAL

    def at(self, when: float, one: Incident | None = None) -> list[str]:
        standing = IncidentStatus(
            incident=one or incident(),
            severity=self.severity,
            acknowledged_at=self.acknowledged_at,
            acknowledged_until=self.acknowledged_until,
        )
        found = notices_due(standing, self.routes, self.sent, self.silences, minute(when))
        for notice in found:
            self.keys.append(notice.key)
            self.sent.append(
                SentNotice(
                    incident=notice.incident.number,
                    opening=notice.incident.openings,
                    route=notice.route.name,
                    kind=notice.kind,
                    at=minute(when),
                    severity=notice.severity,
                    to=notice.route.to,
                    is_public=notice.route.is_public,
                )
            )
        return [f"{notice.route.name}: {notice.kind.value}" for notice in found]


def test_the_ladder_is_climbed_until_somebody_acknowledges() -> None:
    desk = Desk()
    assert desk.at(0) == ["on-call: opened"]
    assert desk.at(9) == []
    assert desk.at(10) == ["head: escalated"]
    desk.acknowledged_at = minute(12)
    assert desk.at(12) == ["on-call: acknowledged", "head: acknowledged"]
    assert desk.at(300) == []
    assert desk.at(301, incident(closed=301)) == ["on-call: closed", "head: closed"]
    assert desk.at(302, incident(closed=301)) == []


def test_nobody_acknowledges_and_everybody_is_reminded() -> None:
    desk = Desk()
    for when in (0, 10, 30):
        desk.at(when)
    assert desk.at(240) == ["on-call: reminder"]
    assert desk.at(270) == ["head: reminder", "board: reminder"]


def test_what_a_silence_held_back_is_sent_when_it_ends() -> None:
    desk = Desk()
    desk.silences = [Silence(number=1, until=minute(30), by="kim", why="vendor is on it", service="platform")]
    assert desk.at(0) == []
    assert desk.at(30) == ["on-call: opened"]


def test_a_silence_never_hides_the_end_of_what_was_told() -> None:
    desk = Desk()
    desk.at(0)
    desk.silences = [Silence(number=1, until=minute(600), by="kim", why="known")]
    assert desk.at(10) == []
    assert desk.at(20, incident(closed=20)) == ["on-call: closed"]


def test_an_incident_that_was_silenced_from_beginning_to_end_is_told_to_nobody() -> None:
    desk = Desk()
    desk.silences = [Silence(number=1, until=minute(600), by="kim", why="known")]
    assert desk.at(0) == desk.at(20, incident(closed=20)) == []


@pytest.mark.parametrize(
    ("silence", "is_held"),
    [
        ({"service": "platform"}, True),
        ({"service": "sign-in"}, False),
        ({"journey": "class"}, True),
        ({"journey": "plan-b"}, False),
        ({"location": "home"}, True),
        ({"location": "school"}, False),
    ],
)
def test_a_silence_holds_back_only_what_it_is_about(silence: dict[str, str], is_held: bool) -> None:  # noqa: FBT001
    desk = Desk()
    desk.silences = [Silence(number=1, until=minute(9), by="kim", why="", **silence)]
    assert (desk.at(0) == []) is is_held


def test_what_first_bell_itself_cannot_do_is_told_to_its_operator_alone() -> None:
    assert Desk().at(0, incident(PROBE_SUBJECT)) == ["operator: opened"]


def test_our_own_troubles_reach_an_operator_who_wants_only_what_is_critical() -> None:
    desk = Desk(replace(OPERATOR, severities=frozenset({Severity.CRITICAL})))
    desk.severity = Severity.WARNING
    assert desk.at(0, incident(PROBE_SUBJECT)) == ["operator: opened"]


def test_a_route_for_what_is_critical_is_told_when_it_becomes_so() -> None:
    desk = Desk(Route(name="pager", to=("pagerduty:",), severities=frozenset({Severity.CRITICAL})))
    desk.severity = Severity.WARNING
    assert desk.at(0) == []
    desk.severity = Severity.CRITICAL
    assert desk.at(5) == ["pager: opened"]


def test_who_was_told_at_night_is_told_once_when_it_becomes_critical() -> None:
    desk = Desk(BOARD)
    desk.severity = Severity.WARNING
    assert desk.at(0) == ["board: opened"]
    desk.severity = Severity.CRITICAL
    assert desk.at(5) == ["board: reminder"]
    assert desk.at(6) == []
    desk.severity = Severity.WARNING
    assert desk.at(7) == []


def test_a_snooze_that_ends_is_followed_by_a_reminder_at_once() -> None:
    desk = Desk(BOARD)
    desk.at(0)
    desk.acknowledged_at, desk.acknowledged_until = minute(1), minute(31)
    assert desk.at(1) == ["board: acknowledged"]
    assert desk.at(30) == []
    assert desk.at(31) == ["board: reminder"]
    assert desk.at(32) == []


def test_who_takes_it_over_is_told_to_all() -> None:
    desk = Desk(BOARD)
    desk.at(0)
    desk.acknowledged_at = minute(1)
    assert desk.at(1) == ["board: acknowledged"]
    desk.acknowledged_at = minute(20)
    assert desk.at(20) == ["board: acknowledged"]
    assert desk.at(21) == []


def test_the_end_goes_to_the_addresses_that_were_told_whatever_is_configured_by_then() -> None:
    desk = Desk(ON_CALL, HEAD)
    assert desk.at(0) == ["on-call: opened"]
    assert desk.at(10) == ["head: escalated"]
    desk.routes = (replace(ON_CALL, to=("smtp:another",), services=frozenset({"sign-in"}), escalate_to=()),)
    assert desk.at(20) == []
    assert desk.at(30, incident(closed=30)) == ["on-call: closed", "head: closed"]
    assert [one.to for one in desk.sent[-2:]] == [("smtp:it",), ("smtp:head",)]
    assert desk.at(31, incident(closed=30)) == []


def test_what_a_person_took_back_from_parents_has_no_end_either() -> None:
    desk = Desk(Route(name="parents", to=("smtp:parents",), is_public=True))
    assert desk.at(0) == ["parents: opened"]
    desk.sent = [replace(one, to=()) for one in desk.sent]
    assert desk.at(30, incident(closed=30)) == []


def test_the_end_for_parents_whose_route_is_gone_waits_for_a_person_too() -> None:
    desk = Desk(Route(name="parents", to=("smtp:parents",), is_public=True))
    desk.at(0)
    desk.routes = (BOARD,)
    desk.at(30, incident(closed=30))
    assert desk.sent[-1].is_public


def test_an_incident_of_another_history_has_other_keys() -> None:
    here, there = Desk(BOARD), Desk(BOARD)
    here.at(0)
    there.at(0, replace(incident(), opened_at=minute(1)))
    assert here.keys[0].split("/")[1:] == there.keys[0].split("/")[1:]
    assert here.keys != there.keys


def test_what_opens_again_is_told_again_under_a_key_of_its_own() -> None:
    desk = Desk(BOARD)
    desk.at(0)
    desk.at(5, incident(closed=5))
    assert desk.at(9, incident(openings=2)) == ["board: opened"]
    assert len(set(desk.keys)) == 3


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["wait", "ack", "close", "open", "silence", "unsilence"]), max_size=30))
def test_laws_of_any_story(story: list[str]) -> None:
    desk, is_open, opening, clock = Desk(), True, 1, 0.0
    for event in story:
        clock += 11
        match event:
            case "ack" if is_open:
                desk.acknowledged_at = minute(clock)
            case "close":
                is_open = False
            case "open" if not is_open:
                is_open, opening, desk.acknowledged_at = True, opening + 1, None
            case "silence":
                desk.silences = [Silence(number=1, until=minute(10_000), by="kim", why="")]
            case "unsilence":
                desk.silences = []
        desk.at(clock, incident(closed=None if is_open else clock, openings=opening))
    assert len(desk.keys) == len(set(desk.keys))
    for route in ROUTES:
        for number in range(1, opening + 1):
            kinds = [one.kind for one in desk.sent if one.route == route.name and one.opening == number]
            assert kinds.count(NoticeKind.CLOSED) <= 1
            assert not kinds or kinds[0] in (NoticeKind.OPENED, NoticeKind.ESCALATED)
            assert NoticeKind.CLOSED not in kinds[:-1]
            if kinds and (number < opening or not is_open):
                assert kinds[-1] is NoticeKind.CLOSED
