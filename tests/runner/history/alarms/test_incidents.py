"""Runs, what they change and who is owed a notice are written together; two locations make one incident."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from firstbell.runner.alarms.incident import PROBE_SUBJECT
from firstbell.runner.alarms.observation import Track
from firstbell.runner.alarms.outbox import DeliveryState, QueuedNotice
from firstbell.runner.alarms.part import Part, channel, watch
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import NoticeKind, Route
from firstbell.runner.history.alarms.incidents import IncidentService, NoSuchIncident
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.alarms.silences import SilenceHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow, StepRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.history.tables import alarms as tables
from firstbell.runner.schedule import slot_state
from firstbell.runner.schedule.slot_state import MissedReason
from firstbell.runner.schedule.slots import Due, Phase
from tests.support.clocks import NOON, Clock

ZONE = ZoneInfo("America/New_York")
IT = Route(name="it", to=("webhook:https://it.example/hook", "smtp:it@district.example"), is_operator=False)
OPERATOR = Route(name="operator", to=("smtp:operator@district.example",), is_operator=True)
LEASE = timedelta(seconds=60)


@pytest.fixture
def incidents(database: Database) -> IncidentService:
    terms = AlarmPolicy(
        zone=ZONE,
        routes=(IT, OPERATOR),
        contacts={"platform": "help@learn.example"},
        relies_on={"live-class": ("sign-in", "platform", "live-class"), "plan-b": ("plan-b",)},
    )
    return IncidentService(database, terms)


@pytest.fixture
def history(database: Database, incidents: IncidentService) -> RunHistory:
    return RunHistory(database, ZONE, incidents.observe_run)


@pytest.fixture
def outbox(database: Database, incidents: IncidentService) -> OutboxHistory:
    return OutboxHistory(incidents, database, "me", lambda _owner: False)


def run(clock: Clock, outcome: str = "failed", *, location: str = "here", **more: object) -> RunRow:
    clock.forward(60)
    good = StepRow(position=1, actor="student", title="signs in", service="sign-in", started_s=0.1, ended_s=1.0)
    bad = replace(
        good, position=2, title="finds the class", service="platform", ended_s=3.1, ending="failed", said="no classes"
    )
    attempts = tuple(
        AttemptRow(number=number, started_at=clock.now, took_s=3.1, outcome=outcome, steps=(good, bad))
        for number in ((1, 2) if outcome == "failed" else (1,))
    )
    given: dict[str, object] = {
        "id": f"{clock.now:%Y%m%d-%H%M%S}-{location}",
        "journey": "live-class",
        "location": location,
        "started_at": clock.now,
        "took_s": 3.1,
        "outcome": outcome,
        "evidence": "evidence/runs/x",
        "version": "0.1.0",
        "attempts": attempts,
    }
    if outcome == "failed":
        given |= {"actor": "student", "step": "finds the class", "service": "platform", "owner": "Contoso Learn"}
        given |= {"said": "no classes", "picture": "runs/x/2.jpg"}
    return RunRow(**(given | more))  # type: ignore[arg-type]


def taken(outbox: OutboxHistory) -> list[QueuedNotice]:
    """All that is due, delivered."""
    found = []
    while (claimed := outbox.claim((), LEASE)) is not None:
        outbox.delivered(claimed, "ok")
        found.append(claimed)
    return found


def kinds(outbox: OutboxHistory) -> list[tuple[str, str]]:
    return [(one.route, one.message.kind.value) for one in taken(outbox)]


def test_a_confirmed_failure_puts_a_notice_for_each_address_into_the_outbox(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock, "passed", journey="plan-b"))
    history.record(run(clock))
    (told,) = incidents.recent(5)
    assert (told.incident.subject, told.incident.is_open) == ("platform", True)
    first, second = taken(outbox)
    assert {first.address, second.address} == set(IT.to)
    rows = dict(first.message.rows)
    assert rows["Whose"] == "Contoso Learn (platform), help@learn.example"
    assert rows["Fine"] == "sign-in (0.9 s), plan-b passed at 12:01"
    assert rows["Unseen"] == "live-class cannot be judged behind platform"
    assert first.picture == "runs/x/2.jpg"


def test_what_was_opened_is_closed_to_the_same_people_once(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    for outcome in ("failed", "failed", "passed", "passed", "passed"):
        history.record(run(clock, outcome))
    assert kinds(outbox) == [("it", "opened"), ("it", "opened"), ("it", "closed"), ("it", "closed")]


def test_the_end_reaches_who_was_told_though_their_route_is_configured_no_more(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    taken(outbox)
    incidents.terms = replace(incidents.terms, routes=(replace(IT, to=("smtp:other@district.example",)), OPERATOR))
    history.record(run(clock, "passed"))
    incidents.terms = replace(incidents.terms, routes=(OPERATOR,))
    history.record(run(clock, "passed"))
    ends = taken(outbox)
    assert {one.address for one in ends} == set(IT.to)
    assert {one.message.kind.value for one in ends} == {"closed"}


def test_parents_see_no_students_screen_and_hear_no_end_of_what_was_taken_back(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    parents = Route(name="parents", to=("smtp:parents@district.example",), is_public=True)
    incidents.terms = replace(incidents.terms, routes=(parents,))
    history.record(run(clock))
    (draft,) = outbox.look(9, fates=[DeliveryState.DRAFT])
    assert draft.notification.picture == ""
    outbox.drop(1)
    for _ in range(2):
        history.record(run(clock, "passed"))
    assert [parcel.fate for parcel in outbox.look(9)] == [DeliveryState.DROPPED]


def test_a_notice_to_parents_that_nobody_confirmed_in_time_is_taken_back(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    """Else a second opening would send them the same words once for each that had waited."""
    parents = Route(name="parents", to=("smtp:parents@district.example",), is_public=True)
    incidents.terms = replace(incidents.terms, routes=(parents,))
    for outcome in ("failed", "passed", "passed", "failed"):
        history.record(run(clock, outcome))
    assert [parcel.fate for parcel in outbox.look(9)] == [DeliveryState.DRAFT, DeliveryState.DROPPED]


def test_a_service_that_comes_before_the_broken_one_is_not_called_unseen_behind_it(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    needed = {"live-class": ("edge", "sign-in", "platform", "live-class", "recordings")}
    incidents.terms = replace(incidents.terms, relies_on=needed)
    history.record(run(clock))
    rows = dict(taken(outbox)[0].message.rows)
    assert rows["Unseen"] == "live-class, recordings cannot be judged behind platform"


def test_the_end_for_parents_waits_for_a_person_though_their_route_is_gone(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    parents = Route(name="parents", to=("smtp:parents@district.example",), is_public=True)
    incidents.terms = replace(incidents.terms, routes=(parents,))
    history.record(run(clock))
    draft = outbox.look(9)[0].notification.message
    assert outbox.confirm(1, "teachers", draft) == 0
    assert outbox.confirm(1, "parents", replace(draft, kind=NoticeKind.CLOSED)) == 0
    assert outbox.confirm(1, "parents", replace(draft, body="We are working on it.")) == 1
    taken(outbox)
    incidents.terms = replace(incidents.terms, routes=(IT,))
    for _ in range(2):
        history.record(run(clock, "passed"))
    assert [parcel.fate for parcel in outbox.look(9)] == [DeliveryState.DRAFT, DeliveryState.DELIVERED]


def test_a_run_that_is_refused_changes_no_incident(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    """The run's name is taken: nothing of the second one is there, its incident neither."""
    passed = run(clock, "passed")
    history.record(passed)
    with pytest.raises(Exception, match="history"):
        history.record(replace(run(clock), id=passed.id))
    assert incidents.recent(5) == []
    assert taken(outbox) == []


def test_two_locations_that_fail_at_once_make_one_incident(
    history: RunHistory, incidents: IncidentService, clock: Clock
) -> None:
    rows = [run(clock, location=f"home-{number}") for number in range(6)]
    threads = [threading.Thread(target=history.record, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (told,) = incidents.recent(9)
    assert len(told.incident.symptoms) == 1
    assert len(told.incident.locations) == 6


def test_a_silence_holds_notices_back_and_what_goes_on_is_told_when_it_ends(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, database: Database, clock: Clock
) -> None:
    silences = SilenceHistory(database)
    until = clock.now + timedelta(minutes=10)
    silences.make(until=until, by="ana", why="upgrade", service="platform")
    history.record(run(clock))
    assert taken(outbox) == []
    assert len(incidents.recent(5, only_open=True)) == 1
    assert incidents.look_again() == 0
    clock.now = until
    assert incidents.look_again() == 2
    assert kinds(outbox) == [("it", "opened"), ("it", "opened")]


def test_what_begins_and_ends_in_a_silence_is_never_told(
    history: RunHistory, outbox: OutboxHistory, incidents: IncidentService, database: Database, clock: Clock
) -> None:
    SilenceHistory(database).make(until=clock.now + timedelta(hours=1), by="ana", why="upgrade")
    for outcome in ("failed", "passed", "passed"):
        history.record(run(clock, outcome))
    clock.forward(7200)
    assert incidents.look_again() == 0
    assert taken(outbox) == []


def test_who_has_it_in_hand_is_told_to_all_and_nobody_is_reminded(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    taken(outbox)
    told = incidents.acknowledge(1, by="ana", why="on it")
    assert [entry.what for entry in told.log] == ["opened", "acknowledged"]
    assert "in hand: ana" in taken(outbox)[0].message.subject
    clock.forward(5 * 3600)
    assert incidents.look_again() == 0
    with pytest.raises(NoSuchIncident, match="no open incident has the number 7"):
        incidents.acknowledge(7, by="ana")


def test_a_snooze_ends(history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock) -> None:
    history.record(run(clock))
    incidents.acknowledge(1, by="ana", until=clock.now + timedelta(hours=1))
    taken(outbox)
    clock.forward(5 * 3600)
    incidents.look_again()
    assert kinds(outbox) == [("it", "reminder")] * 2


def test_missed_slots_are_the_operators_own_and_blame_nobody(
    database: Database, incidents: IncidentService, history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    slots = SlotHistory(database, "here", ZONE)
    dues = [Due(at=NOON + timedelta(minutes=n), journey="live-class", phase=Phase.IN_CLASS) for n in range(300)]
    slots.miss(dues, MissedReason.UNWATCHED)
    clock.now = dues[-1].at
    assert incidents.observe_missed("here") == 300
    assert incidents.observe_missed("here") == 0
    (told,) = incidents.recent(5)
    assert told.incident.subject == PROBE_SUBJECT
    assert kinds(outbox) == [("operator", "opened")]
    history.record(run(clock, "passed"))
    assert kinds(outbox) == [("operator", "closed")]


@pytest.mark.parametrize(
    ("is_private", "said", "told"),
    [
        (True, "in whatever words", [("operator", "opened")]),
        (False, "privacy: a page says so", []),
    ],
)
def test_a_private_run_is_told_to_the_operator_at_once_and_comes_back_private(
    said: str,
    told: list[tuple[str, str]],
    history: RunHistory,
    outbox: OutboxHistory,
    clock: Clock,
    *,
    is_private: bool,
) -> None:
    row = run(clock, "errored", is_private=is_private, said=said)
    history.record(row)
    assert kinds(outbox) == told
    assert history.find(row.id).is_private is is_private


def test_a_missed_slot_is_told_in_todays_words(
    database: Database, incidents: IncidentService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_state, "WORDS", {MissedReason.UNWATCHED: "First Bell was not running"})
    dues = [Due(at=NOON + timedelta(minutes=n), journey="live-class", phase=Phase.IN_CLASS) for n in range(9)]
    SlotHistory(database, "here", ZONE).miss(dues, MissedReason.UNWATCHED)
    clock.now = dues[-1].at
    incidents.observe_missed("here")
    assert incidents.find(1).incident.symptoms[0].said == "First Bell was not running"


@pytest.mark.parametrize("part", [channel("smtp:a@b.c:25 x"), watch("school")], ids=str)
def test_a_story_of_before_parts_had_a_field_is_read_and_closed_as_before(
    part: Part, database: Database, incidents: IncidentService
) -> None:
    incidents.set_component_status(part, "no answer")
    with database.write() as connection:
        story = connection.execute(select(tables.incidents.c.story)).scalar_one()
        for symptom in story["symptoms"]:
            del symptom["part"]
        connection.execute(update(tables.incidents).values(story=story))
    (told,) = incidents.recent(5)
    assert (told.incident.is_own, told.incident.symptoms[0].part) == (True, part)
    incidents.set_component_status(part, "")
    assert not incidents.find(1).incident.is_open


def test_a_story_of_before_parts_had_a_field_still_has_its_journeys(
    database: Database, incidents: IncidentService, history: RunHistory, clock: Clock
) -> None:
    history.record(run(clock))
    with database.write() as connection:
        story = connection.execute(select(tables.incidents.c.story)).scalar_one()
        del story["symptoms"][0]["part"]
        connection.execute(update(tables.incidents).values(story=story))
    (told,) = incidents.recent(5)
    assert (told.incident.is_own, told.incident.symptoms[0].part) == (False, None)


def test_notices_of_one_incident_keep_their_order_at_an_address_and_pass_each_other_between_addresses(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    first = outbox.claim((), LEASE)
    assert first is not None
    outbox.again(first, "busy", timedelta(hours=1))
    for _ in range(2):
        history.record(run(clock, "passed"))
    assert {one.address for one in taken(outbox)} == set(IT.to) - {first.address}
    clock.forward(3600)
    late = taken(outbox)
    assert [one.message.kind.value for one in late if one.address == first.address] == ["opened", "closed"]


def test_a_claim_runs_out_and_the_notice_goes_again_with_the_same_key(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    first = outbox.claim((), LEASE)
    assert first is not None
    other = outbox.claim((), LEASE)
    assert other is not None
    assert other.key != first.key
    assert outbox.claim((), LEASE) is None
    clock.forward(61)
    again = outbox.claim((), LEASE)
    assert again is not None
    assert again.key == first.key
    outbox.delivered(first, "late, but it is the same notice")
    assert outbox.look(9, fates=[DeliveryState.DELIVERED])[0].notification.key == first.key


def test_a_dead_channel_is_told_by_another_and_told_once(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    claimed = [outbox.claim((), LEASE), outbox.claim((), LEASE)]
    web = next(one for one in claimed if one is not None and one.address.startswith("webhook"))
    outbox.dead(web, "it.example answered 404")
    (about,) = taken(outbox)
    assert about.route == "operator"
    assert "it.example answered 404" in about.message.subject
    assert 'untold: [critical] student "finds the class" fails in live-class' in dict(about.message.rows)["What"]
    assert [parcel.said for parcel in outbox.look(9, fates=[DeliveryState.DEAD])] == ["it.example answered 404"]
    assert outbox.try_dead_again() == 1
    assert [one.key for one in taken(outbox)] == [web.key, about.key.replace("opened", "closed")]
    assert [told.incident.is_open for told in incidents.recent(5) if told.incident.is_own] == [False]


def test_who_has_heard_the_end_is_not_told_the_beginning_by_a_retry(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    for claimed in (outbox.claim((), LEASE), outbox.claim((), LEASE)):
        assert claimed is not None
        outbox.dead(claimed, "answered 401")
    for _ in range(2):
        history.record(run(clock, "passed"))
    first = outbox.claim((), LEASE)
    assert first is not None
    while first.message.kind.value != "closed":
        outbox.delivered(first, "ok")
        first = outbox.claim((), LEASE)
        assert first is not None
    outbox.delivered(first, "ok")
    assert outbox.try_dead_again() == 1
    again = [one for one in taken(outbox) if one.message.kind.value == "opened" and one.route == "it"]
    assert [one.address for one in again] == list(set(IT.to) - {first.address})


def test_a_route_whose_only_way_is_dead_borrows_the_others(database: Database, clock: Clock) -> None:
    alone = replace(OPERATOR, to=("slack:env:GONE",))
    incidents = IncidentService(database, AlarmPolicy(zone=ZONE, routes=(IT, alone)))
    outbox = OutboxHistory(incidents, database, "me", lambda _owner: False)
    history = RunHistory(database, ZONE, incidents.observe_run)
    for _ in range(3):
        history.record(run(clock, "errored"))
    claimed = outbox.claim((), LEASE)
    assert claimed is not None
    outbox.dead(claimed, "hooks.slack.com answered 410")
    assert {one.address for one in taken(outbox)} == set(IT.to)


def test_what_is_watched_no_more_ends(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    incidents.retire(lambda journey, seen_from: journey != "live-class" or seen_from != {"here"})
    assert [told.incident.is_open for told in incidents.recent(5)] == [False]
    assert [kind for _, kind in kinds(outbox)] == ["opened", "opened", "closed", "closed"]
    assert not incidents.watched()[Track.SERVICE, "live-class"].health.is_open


def test_an_incident_that_cannot_be_read_costs_the_alarm_and_never_the_verdict(
    history: RunHistory, incidents: IncidentService, database: Database, clock: Clock
) -> None:
    history.record(run(clock))
    with database.write() as connection:
        connection.execute(update(tables.incidents).values(story={"written by": "another version"}))
    history.record(run(clock, "passed"))
    assert [row.outcome for row in history.recent(5)] == ["passed", "failed"]
    assert incidents.watched()[Track.SERVICE, "live-class"].health.is_open, "half of it was written"
