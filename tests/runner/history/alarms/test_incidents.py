"""Runs, the incidents that they change and the notices are written together; two locations make one incident."""

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
    policy = AlarmPolicy(
        zone=ZONE,
        routes=(IT, OPERATOR),
        contacts={"platform": "help@learn.example"},
        relies_on={"live-class": ("sign-in", "platform", "live-class"), "plan-b": ("plan-b",)},
    )
    return IncidentService(database, policy)


@pytest.fixture
def history(database: Database, incidents: IncidentService) -> RunHistory:
    return RunHistory(database, ZONE, incidents.record_run)


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


def delivered(outbox: OutboxHistory) -> list[QueuedNotice]:
    """Delivers all notices that are due, and returns them."""
    notices = []
    while (claimed := outbox.claim((), LEASE)) is not None:
        outbox.mark_delivered(claimed, "ok")
        notices.append(claimed)
    return notices


def kinds(outbox: OutboxHistory) -> list[tuple[str, str]]:
    return [(notice.route, notice.message.kind.value) for notice in delivered(outbox)]


def test_a_confirmed_failure_enqueues_a_notice_for_each_address(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock, "passed", journey="plan-b"))
    history.record(run(clock))
    (details,) = incidents.recent(5)
    assert (details.incident.subject, details.incident.is_open) == ("platform", True)
    first, second = delivered(outbox)
    assert {first.address, second.address} == set(IT.to)
    rows = dict(first.message.rows)
    assert rows["Call"] == "Contoso Learn, help@learn.example"
    assert rows["Working"] == "sign-in (0.9 s), plan-b passed at 12:01 EDT"
    assert rows["Unknown"] == "live-class (cannot be tested while platform is broken)"
    assert first.picture == "runs/x/2.jpg"


def test_the_closing_is_sent_once_to_the_same_addresses(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    for outcome in ("failed", "failed", "passed", "passed", "passed"):
        history.record(run(clock, outcome))
    assert kinds(outbox) == [("it", "opened"), ("it", "opened"), ("it", "closed"), ("it", "closed")]


def test_the_closing_reaches_a_route_that_has_left_the_configuration(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    delivered(outbox)
    incidents.policy = replace(incidents.policy, routes=(replace(IT, to=("smtp:other@district.example",)), OPERATOR))
    history.record(run(clock, "passed"))
    incidents.policy = replace(incidents.policy, routes=(OPERATOR,))
    history.record(run(clock, "passed"))
    ends = delivered(outbox)
    assert {notice.address for notice in ends} == set(IT.to)
    assert {notice.message.kind.value for notice in ends} == {"closed"}


def test_parents_get_no_picture_and_no_closing_of_a_dropped_draft(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    parents = Route(name="parents", to=("smtp:parents@district.example",), is_public=True)
    incidents.policy = replace(incidents.policy, routes=(parents,))
    history.record(run(clock))
    (draft,) = outbox.entries(9, states=[DeliveryState.DRAFT])
    assert draft.notice.picture == ""
    outbox.drop(1)
    for _ in range(2):
        history.record(run(clock, "passed"))
    assert [entry.state for entry in outbox.entries(9)] == [DeliveryState.DROPPED]


def test_an_unconfirmed_draft_is_dropped_at_the_closing(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    """Otherwise a second opening would send the text once for each waiting draft."""
    parents = Route(name="parents", to=("smtp:parents@district.example",), is_public=True)
    incidents.policy = replace(incidents.policy, routes=(parents,))
    for outcome in ("failed", "passed", "passed", "failed"):
        history.record(run(clock, outcome))
    assert [entry.state for entry in outbox.entries(9)] == [DeliveryState.DRAFT, DeliveryState.DROPPED]


def test_services_before_the_broken_one_are_not_unknown(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    needed = {"live-class": ("edge", "sign-in", "platform", "live-class", "recordings")}
    incidents.policy = replace(incidents.policy, relies_on=needed)
    history.record(run(clock))
    rows = dict(delivered(outbox)[0].message.rows)
    assert rows["Unknown"] == "live-class, recordings (cannot be tested while platform is broken)"


def test_a_closing_for_parents_is_a_draft_even_if_their_route_is_gone(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    parents = Route(name="parents", to=("smtp:parents@district.example",), is_public=True)
    incidents.policy = replace(incidents.policy, routes=(parents,))
    history.record(run(clock))
    draft = outbox.entries(9)[0].notice.message
    assert outbox.confirm(1, "teachers", draft) == 0
    assert outbox.confirm(1, "parents", replace(draft, kind=NoticeKind.CLOSED)) == 0
    assert outbox.confirm(1, "parents", replace(draft, body="We are working on it.")) == 1
    delivered(outbox)
    incidents.policy = replace(incidents.policy, routes=(IT,))
    for _ in range(2):
        history.record(run(clock, "passed"))
    assert [entry.state for entry in outbox.entries(9)] == [DeliveryState.DRAFT, DeliveryState.DELIVERED]


def test_a_run_that_cannot_be_written_changes_no_incident(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    """The id of the run exists already: nothing of the second run is written, nor an incident."""
    passed = run(clock, "passed")
    history.record(passed)
    with pytest.raises(Exception, match="history"):
        history.record(replace(run(clock), id=passed.id))
    assert incidents.recent(5) == []
    assert delivered(outbox) == []


def test_two_locations_that_fail_at_once_make_one_incident(
    history: RunHistory, incidents: IncidentService, clock: Clock
) -> None:
    rows = [run(clock, location=f"home-{number}") for number in range(6)]
    threads = [threading.Thread(target=history.record, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (details,) = incidents.recent(9)
    assert len(details.incident.symptoms) == 1
    assert len(details.incident.locations) == 6


def test_a_silence_delays_the_notices_of_an_incident_that_stays_open(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, database: Database, clock: Clock
) -> None:
    silences = SilenceHistory(database)
    until = clock.now + timedelta(minutes=10)
    silences.make(until=until, by="ana", why="upgrade", service="platform")
    history.record(run(clock))
    assert delivered(outbox) == []
    assert len(incidents.recent(5, only_open=True)) == 1
    assert incidents.enqueue_due_notices() == 0
    clock.now = until
    assert incidents.enqueue_due_notices() == 2
    assert kinds(outbox) == [("it", "opened"), ("it", "opened")]


def test_an_incident_within_a_silence_sends_no_notice(
    history: RunHistory, outbox: OutboxHistory, incidents: IncidentService, database: Database, clock: Clock
) -> None:
    SilenceHistory(database).make(until=clock.now + timedelta(hours=1), by="ana", why="upgrade")
    for outcome in ("failed", "passed", "passed"):
        history.record(run(clock, outcome))
    clock.forward(7200)
    assert incidents.enqueue_due_notices() == 0
    assert delivered(outbox) == []


def test_an_acknowledgement_is_sent_to_all_and_stops_reminders(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    delivered(outbox)
    details = incidents.acknowledge(1, by="ana", why="on it")
    assert [entry.what for entry in details.log] == ["opened", "acknowledged"]
    assert "acknowledged by ana" in delivered(outbox)[0].message.subject
    clock.forward(5 * 3600)
    assert incidents.enqueue_due_notices() == 0
    with pytest.raises(NoSuchIncident, match="no open incident has the number 7"):
        incidents.acknowledge(7, by="ana")


def test_the_end_of_a_snooze_sends_reminders(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    incidents.acknowledge(1, by="ana", until=clock.now + timedelta(hours=1))
    delivered(outbox)
    clock.forward(5 * 3600)
    incidents.enqueue_due_notices()
    assert kinds(outbox) == [("it", "reminder")] * 2


def test_missed_slots_open_the_operators_incident(
    database: Database, incidents: IncidentService, history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    slots = SlotHistory(database, "here", ZONE)
    dues = [Due(at=NOON + timedelta(minutes=n), journey="live-class", phase=Phase.IN_CLASS) for n in range(300)]
    slots.miss(dues, MissedReason.UNWATCHED)
    clock.now = dues[-1].at
    assert incidents.record_missed_slots("here") == 300
    assert incidents.record_missed_slots("here") == 0
    (details,) = incidents.recent(5)
    assert details.incident.subject == PROBE_SUBJECT
    assert kinds(outbox) == [("operator", "opened")]
    history.record(run(clock, "passed"))
    assert kinds(outbox) == [("operator", "closed")]


@pytest.mark.parametrize(
    ("is_private", "said", "sent"),
    [
        (True, "in whatever words", [("operator", "opened")]),
        (False, "privacy: a page says so", []),
    ],
)
def test_a_private_run_opens_the_operators_incident_at_once(
    said: str,
    sent: list[tuple[str, str]],
    history: RunHistory,
    outbox: OutboxHistory,
    clock: Clock,
    *,
    is_private: bool,
) -> None:
    row = run(clock, "errored", is_private=is_private, said=said)
    history.record(row)
    assert kinds(outbox) == sent
    assert history.find(row.id).is_private is is_private


def test_a_missed_slot_is_reported_in_current_words(
    database: Database, incidents: IncidentService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_state, "WORDS", {MissedReason.UNWATCHED: "First Bell was not running"})
    dues = [Due(at=NOON + timedelta(minutes=n), journey="live-class", phase=Phase.IN_CLASS) for n in range(9)]
    SlotHistory(database, "here", ZONE).miss(dues, MissedReason.UNWATCHED)
    clock.now = dues[-1].at
    incidents.record_missed_slots("here")
    assert incidents.find(1).incident.symptoms[0].said == "First Bell was not running"


@pytest.mark.parametrize("part", [channel("smtp:a@b.c:25 x"), watch("school")], ids=str)
def test_an_old_incident_of_a_part_without_the_field_can_be_closed(
    part: Part, database: Database, incidents: IncidentService
) -> None:
    incidents.record_part(part, "no answer")
    with database.write() as connection:
        story = connection.execute(select(tables.incidents.c.story)).scalar_one()
        for symptom in story["symptoms"]:
            del symptom["part"]
        connection.execute(update(tables.incidents).values(story=story))
    (details,) = incidents.recent(5)
    assert (details.incident.is_own, details.incident.symptoms[0].part) == (True, part)
    incidents.record_part(part, "")
    assert not incidents.find(1).incident.is_open


def test_an_old_incident_without_the_field_keeps_its_journeys(
    database: Database, incidents: IncidentService, history: RunHistory, clock: Clock
) -> None:
    history.record(run(clock))
    with database.write() as connection:
        story = connection.execute(select(tables.incidents.c.story)).scalar_one()
        del story["symptoms"][0]["part"]
        connection.execute(update(tables.incidents).values(story=story))
    (details,) = incidents.recent(5)
    assert (details.incident.is_own, details.incident.symptoms[0].part) == (False, None)


def test_notices_keep_their_order_at_an_address_not_between_addresses(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    first = outbox.claim((), LEASE)
    assert first is not None
    outbox.retry_later(first, "busy", timedelta(hours=1))
    for _ in range(2):
        history.record(run(clock, "passed"))
    told = {notice.address for notice in delivered(outbox)}
    assert told == (set(IT.to) | set(OPERATOR.to)) - {first.address}
    clock.forward(3600)
    late = delivered(outbox)
    assert [notice.message.kind.value for notice in late if notice.address == first.address] == ["opened", "closed"]


def test_an_expired_claim_sends_the_notice_again_with_the_same_key(
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
    outbox.mark_delivered(first, "late, but it is the same notice")
    assert outbox.entries(9, states=[DeliveryState.DELIVERED])[0].notice.key == first.key


def test_a_dead_channel_is_reported_once_by_another_channel(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    claimed = [outbox.claim((), LEASE), outbox.claim((), LEASE)]
    web = next(one for one in claimed if one is not None and one.address.startswith("webhook"))
    outbox.mark_dead(web, "it.example answered 404")
    (about,) = delivered(outbox)
    assert about.route == "operator"
    assert "it.example answered 404" in about.message.subject
    assert (
        'not delivered: [critical] Student fails at "finds the class" (live-class)'
        in dict(about.message.rows)["Problem"]
    )
    assert [entry.said for entry in outbox.entries(9, states=[DeliveryState.DEAD])] == ["it.example answered 404"]
    assert outbox.try_dead_again() == 1
    assert [notice.key for notice in delivered(outbox)] == [web.key, about.key.replace("opened", "closed")]
    assert [details.incident.is_open for details in incidents.recent(5) if details.incident.is_own] == [False]


def test_a_retry_sends_no_opening_after_a_delivered_closing(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    for claimed in (outbox.claim((), LEASE), outbox.claim((), LEASE)):
        assert claimed is not None
        outbox.mark_dead(claimed, "answered 401")
    for _ in range(2):
        history.record(run(clock, "passed"))
    first = outbox.claim((), LEASE)
    assert first is not None
    while first.message.kind.value != "closed":
        outbox.mark_delivered(first, "ok")
        first = outbox.claim((), LEASE)
        assert first is not None
    outbox.mark_delivered(first, "ok")
    assert outbox.try_dead_again() == 1
    again = [notice for notice in delivered(outbox) if notice.message.kind.value == "opened" and notice.route == "it"]
    assert [notice.address for notice in again] == list(set(IT.to) - {first.address})


def test_a_route_with_only_a_dead_channel_uses_the_other_channels(database: Database, clock: Clock) -> None:
    alone = replace(OPERATOR, to=("slack:env:GONE",))
    incidents = IncidentService(database, AlarmPolicy(zone=ZONE, routes=(IT, alone)))
    outbox = OutboxHistory(incidents, database, "me", lambda _owner: False)
    history = RunHistory(database, ZONE, incidents.record_run)
    for _ in range(3):
        history.record(run(clock, "errored"))
    claimed = outbox.claim((), LEASE)
    assert claimed is not None
    outbox.mark_dead(claimed, "hooks.slack.com answered 410")
    assert {notice.address for notice in delivered(outbox)} == set(IT.to)


def test_the_incident_of_an_unwatched_journey_closes(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    history.record(run(clock))
    incidents.drop_unwatched(lambda journey, seen_from: journey != "live-class" or seen_from != {"here"})
    assert [details.incident.is_open for details in incidents.recent(5)] == [False]
    assert [kind for _, kind in kinds(outbox)] == ["opened", "opened", "closed", "closed"]
    assert not incidents.watched()[Track.SERVICE, "live-class"].health.is_open


def test_an_unreadable_incident_loses_the_alarm_but_not_the_run(
    history: RunHistory, incidents: IncidentService, database: Database, clock: Clock
) -> None:
    history.record(run(clock))
    with database.write() as connection:
        connection.execute(update(tables.incidents).values(story={"written by": "another version"}))
    history.record(run(clock, "passed"))
    assert [row.outcome for row in history.recent(5)] == ["passed", "failed"]
    assert incidents.watched()[Track.SERVICE, "live-class"].health.is_open, "half of it was written"


def test_a_journey_that_has_never_passed_alarms_no_route(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    for outcome in ("failed", "errored", "failed", "errored", "failed"):
        history.record(run(clock, outcome, under_construction=True))
    assert incidents.recent(5) == []
    history.record(run(clock, "passed"))
    history.record(run(clock))
    assert kinds(outbox) == [("it", "opened"), ("it", "opened")]
    history.record(run(clock, "errored", is_private=True, under_construction=True, journey="new"))
    assert len(incidents.recent(5)) == 2, "a stranger in the class is told all the same"


DAY_S = 86400.0


def test_a_clock_that_was_ahead_once_does_not_blind_alarms(
    history: RunHistory, incidents: IncidentService, outbox: OutboxHistory, clock: Clock
) -> None:
    clock.forward(DAY_S)
    history.record(run(clock, "passed"))
    clock.forward(-DAY_S)
    history.record(run(clock))
    assert [details.incident.is_open for details in incidents.recent(5)] == [True]
    assert kinds(outbox) == [("it", "opened"), ("it", "opened")]


def test_a_failure_seen_by_a_clock_that_was_ahead_closes_when_it_passes(
    history: RunHistory, incidents: IncidentService, clock: Clock
) -> None:
    clock.forward(DAY_S)
    history.record(run(clock))
    clock.forward(-DAY_S)
    for _ in range(2):
        history.record(run(clock, "passed"))
    assert [details.incident.is_open for details in incidents.recent(5)] == [False]


def test_a_late_result_still_changes_nothing(history: RunHistory, incidents: IncidentService, clock: Clock) -> None:
    """The order of the clock holds while the clock is right: what is older than the last result is history."""
    late = run(clock)
    clock.forward(600)
    history.record(run(clock, "passed"))
    clock.forward(60)
    history.record(late)
    assert incidents.recent(5) == []


def test_notices_of_a_clock_that_was_ahead_are_delivered_and_wait_for_their_retry(
    history: RunHistory, outbox: OutboxHistory, clock: Clock
) -> None:
    clock.forward(DAY_S)
    history.record(run(clock))
    first = outbox.claim((), LEASE)
    assert first is not None  # Its process dies, and cannot be told.
    clock.forward(-DAY_S)
    again = outbox.claim((), LEASE)
    assert again is not None
    assert again.key == first.key
    assert outbox.claim((again.address,), LEASE) is not None  # The other address.
    assert outbox.claim((), LEASE) is None  # Both are leased now.
    outbox.retry_later(again, "busy", timedelta(seconds=30))
    assert outbox.claim((), LEASE) is None
    clock.forward(31)
    retried = outbox.claim((), LEASE)
    assert retried is not None
    assert retried.key == again.key
