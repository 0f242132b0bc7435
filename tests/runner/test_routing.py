"""Who is told when: stories on a hand-moved clock, and laws that hold for any of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.alarms.incident import PROBE, Incident, Symptom
from runner.alarms.routing import NoticeKind, Route, Sent, Severity, Silence, Standing, owed

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
        self.sent: list[Sent] = []
        self.keys: list[str] = []
        self.silences: list[Silence] = []
        self.acknowledged_at: datetime | None = None
        self.severity = Severity.CRITICAL

    def at(self, when: float, one: Incident | None = None) -> list[str]:
        standing = Standing(incident=one or incident(), severity=self.severity, acknowledged_at=self.acknowledged_at)
        found = owed(standing, self.routes, self.sent, self.silences, minute(when))
        for notice in found:
            self.keys.append(notice.key)
            self.sent.append(
                Sent(
                    incident=notice.incident.number,
                    opening=notice.incident.openings,
                    route=notice.route.name,
                    kind=notice.kind,
                    at=minute(when),
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
    assert Desk().at(0, incident(PROBE)) == ["operator: opened"]


def test_a_route_for_what_is_critical_is_told_when_it_becomes_so() -> None:
    desk = Desk(Route(name="pager", to=("pagerduty:",), severities=frozenset({Severity.CRITICAL})))
    desk.severity = Severity.WARNING
    assert desk.at(0) == []
    desk.severity = Severity.CRITICAL
    assert desk.at(5) == ["pager: opened"]


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
