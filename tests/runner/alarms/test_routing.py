"""Routing of notices on a clock that tests set, and laws for any sequence of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.routing import IncidentStatus, NoticeKind, Route, SentNotice, Severity, notices_due
from firstbell.runner.alarms.rules.silence import Silence

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


class Router:
    """Computes the notices that are due at a minute, and counts them as sent."""

    def __init__(self, *routes: Route) -> None:
        self.routes = routes or ROUTES
        self.sent: list[SentNotice] = []
        self.keys: list[str] = []
        self.silences: list[Silence] = []
        self.acknowledged_at: datetime | None = None
        self.acknowledged_until: datetime | None = None
        self.severity = Severity.CRITICAL

    def at(self, when: float, current: Incident | None = None) -> list[str]:
        status = IncidentStatus(
            incident=current or incident(),
            severity=self.severity,
            acknowledged_at=self.acknowledged_at,
            acknowledged_until=self.acknowledged_until,
        )
        found = notices_due(status, self.routes, self.sent, self.silences, minute(when))
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


def test_an_incident_escalates_until_it_is_acknowledged() -> None:
    router = Router()
    assert router.at(0) == ["on-call: opened"]
    assert router.at(9) == []
    assert router.at(10) == ["head: escalated"]
    router.acknowledged_at = minute(12)
    assert router.at(12) == ["on-call: acknowledged", "head: acknowledged"]
    assert router.at(300) == []
    assert router.at(301, incident(closed=301)) == ["on-call: closed", "head: closed"]
    assert router.at(302, incident(closed=301)) == []


def test_a_rise_in_severity_after_the_acknowledgement_is_told_once() -> None:
    router = Router(ON_CALL)
    router.severity = Severity.WARNING
    router.at(0)
    router.acknowledged_at = minute(1)
    assert router.at(1) == ["on-call: acknowledged"]
    router.severity = Severity.CRITICAL
    assert router.at(60) == ["on-call: reminder"]
    assert router.at(600) == []


def test_without_acknowledgement_every_route_gets_reminders() -> None:
    router = Router()
    for when in (0, 10, 30):
        router.at(when)
    assert router.at(240) == ["on-call: reminder"]
    assert router.at(270) == ["head: reminder", "board: reminder"]


def test_a_notice_suppressed_by_a_silence_is_sent_when_it_ends() -> None:
    router = Router()
    router.silences = [Silence(number=1, until=minute(30), by="kim", why="vendor is on it", service="platform")]
    assert router.at(0) == []
    assert router.at(30) == ["on-call: opened"]


def test_a_silence_never_suppresses_the_closing_of_a_sent_opening() -> None:
    router = Router()
    router.at(0)
    router.silences = [Silence(number=1, until=minute(600), by="kim", why="known")]
    assert router.at(10) == []
    assert router.at(20, incident(closed=20)) == ["on-call: closed"]


def test_an_incident_silenced_from_opening_to_closing_sends_nothing() -> None:
    router = Router()
    router.silences = [Silence(number=1, until=minute(600), by="kim", why="known")]
    assert router.at(0) == router.at(20, incident(closed=20)) == []


@pytest.mark.parametrize(
    ("silence", "is_suppressed"),
    [
        ({"service": "platform"}, True),
        ({"service": "sign-in"}, False),
        ({"journey": "class"}, True),
        ({"journey": "plan-b"}, False),
        ({"location": "home"}, True),
        ({"location": "school"}, False),
    ],
)
def test_a_silence_suppresses_only_what_it_matches(silence: dict[str, str], is_suppressed: bool) -> None:  # noqa: FBT001
    router = Router()
    router.silences = [Silence(number=1, until=minute(9), by="kim", why="", **silence)]
    assert (router.at(0) == []) is is_suppressed


HOME, SCHOOL = {"location": "home"}, {"location": "school"}


@pytest.mark.parametrize(
    ("silences", "is_suppressed"),
    [
        ([HOME, SCHOOL], True),
        ([HOME, HOME], False),
        ([HOME, {**SCHOOL, "service": "live-class"}], False),
        ([{"journey": "class"}, {"journey": "art"}], True),
        ([{"journey": "class"}, SCHOOL], False),
        ([{"journey": "class"}, {"journey": "art", **HOME}, {"journey": "art", **SCHOOL}], True),
        ([{"journey": "class"}, {"journey": "art", **HOME}], False),
    ],
)
def test_silences_hold_what_they_cover_together(silences: list[dict[str, str]], is_suppressed: bool) -> None:  # noqa: FBT001
    symptom = replace(incident().symptoms[0], locations=("home", "school"))
    both = replace(incident(), symptoms=(symptom, replace(symptom, journey="art")))
    router = Router()
    router.silences = [Silence(number=1, until=minute(9), by="kim", why="", **one) for one in silences]
    assert (router.at(0, both) == []) is is_suppressed
    assert router.at(9, both) == (["on-call: opened"] if is_suppressed else [])


def test_first_bells_own_incidents_go_only_to_the_operator() -> None:
    assert Router().at(0, incident(PROBE_SUBJECT)) == ["operator: opened"]


def test_own_incidents_reach_an_operator_route_for_critical_ones() -> None:
    router = Router(replace(OPERATOR, severities=frozenset({Severity.CRITICAL})))
    router.severity = Severity.WARNING
    assert router.at(0, incident(PROBE_SUBJECT)) == ["operator: opened"]


def test_a_route_for_critical_incidents_gets_one_that_becomes_critical() -> None:
    router = Router(Route(name="pager", to=("pagerduty:",), severities=frozenset({Severity.CRITICAL})))
    router.severity = Severity.WARNING
    assert router.at(0) == []
    router.severity = Severity.CRITICAL
    assert router.at(5) == ["pager: opened"]


def test_a_warning_that_becomes_critical_is_sent_once_more() -> None:
    router = Router(BOARD)
    router.severity = Severity.WARNING
    assert router.at(0) == ["board: opened"]
    router.severity = Severity.CRITICAL
    assert router.at(5) == ["board: reminder"]
    assert router.at(6) == []
    router.severity = Severity.WARNING
    assert router.at(7) == []


def test_the_end_of_a_snooze_sends_a_reminder_at_once() -> None:
    router = Router(BOARD)
    router.at(0)
    router.acknowledged_at, router.acknowledged_until = minute(1), minute(31)
    assert router.at(1) == ["board: acknowledged"]
    assert router.at(30) == []
    assert router.at(31) == ["board: reminder"]
    assert router.at(32) == []


def test_every_acknowledgement_is_sent_to_all() -> None:
    router = Router(BOARD)
    router.at(0)
    router.acknowledged_at = minute(1)
    assert router.at(1) == ["board: acknowledged"]
    router.acknowledged_at = minute(20)
    assert router.at(20) == ["board: acknowledged"]
    assert router.at(21) == []


def test_the_closing_goes_to_the_addresses_of_the_opening() -> None:
    router = Router(ON_CALL, HEAD)
    assert router.at(0) == ["on-call: opened"]
    assert router.at(10) == ["head: escalated"]
    router.routes = (replace(ON_CALL, to=("smtp:another",), services=frozenset({"sign-in"}), escalate_to=()),)
    assert router.at(20) == []
    assert router.at(30, incident(closed=30)) == ["on-call: closed", "head: closed"]
    assert [notice.to for notice in router.sent[-2:]] == [("smtp:it",), ("smtp:head",)]
    assert router.at(31, incident(closed=30)) == []


def test_a_dropped_draft_for_parents_gets_no_closing() -> None:
    router = Router(Route(name="parents", to=("smtp:parents",), is_public=True))
    assert router.at(0) == ["parents: opened"]
    router.sent = [replace(notice, to=()) for notice in router.sent]
    assert router.at(30, incident(closed=30)) == []


def test_a_closing_for_parents_is_public_even_if_their_route_is_gone() -> None:
    router = Router(Route(name="parents", to=("smtp:parents",), is_public=True))
    router.at(0)
    router.routes = (BOARD,)
    router.at(30, incident(closed=30))
    assert router.sent[-1].is_public


def test_incidents_of_another_database_have_other_keys() -> None:
    here, there = Router(BOARD), Router(BOARD)
    here.at(0)
    there.at(0, replace(incident(), opened_at=minute(1)))
    assert here.keys[0].split("/")[1:] == there.keys[0].split("/")[1:]
    assert here.keys != there.keys


def test_a_second_opening_is_sent_with_its_own_key() -> None:
    router = Router(BOARD)
    router.at(0)
    router.at(5, incident(closed=5))
    assert router.at(9, incident(openings=2)) == ["board: opened"]
    assert len(set(router.keys)) == 3


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["wait", "ack", "close", "open", "silence", "unsilence"]), max_size=30))
def test_laws_of_any_sequence_of_events(events: list[str]) -> None:
    router, is_open, opening, clock = Router(), True, 1, 0.0
    for event in events:
        clock += 11
        match event:
            case "ack" if is_open:
                router.acknowledged_at = minute(clock)
            case "close":
                is_open = False
            case "open" if not is_open:
                is_open, opening, router.acknowledged_at = True, opening + 1, None
            case "silence":
                router.silences = [Silence(number=1, until=minute(10_000), by="kim", why="")]
            case "unsilence":
                router.silences = []
        router.at(clock, incident(closed=None if is_open else clock, openings=opening))
    assert len(router.keys) == len(set(router.keys))
    for route in ROUTES:
        for number in range(1, opening + 1):
            kinds = [notice.kind for notice in router.sent if notice.route == route.name and notice.opening == number]
            assert kinds.count(NoticeKind.CLOSED) <= 1
            assert not kinds or kinds[0] in (NoticeKind.OPENED, NoticeKind.ESCALATED)
            assert NoticeKind.CLOSED not in kinds[:-1]
            if kinds and (number < opening or not is_open):
                assert kinds[-1] is NoticeKind.CLOSED
