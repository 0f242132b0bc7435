"""The dead man's switch, which signals only work that was done; and locations that watch each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from firstbell.runner.alarms.heartbeat import Heartbeat, HeartbeatSignal, WatchActivity, signal_of
from firstbell.runner.alarms.observation import Observation, Track
from firstbell.runner.alarms.part import watch
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.execution.supervision.process_identity import owner_is_gone
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.history.tables import alarms, runs
from firstbell.runner.outcome import Outcome
from firstbell.runner.schedule.slot_state import SlotState
from firstbell.runner.schedule.slots import Due, Phase
from firstbell.runner.watch.alarm_upkeep import AlarmUpkeep
from firstbell.runner.watch.dead_mans_switch import DeadMansSwitch
from tests.support.clocks import NOON, Clock
from tests.support.receivers import Receiver, http_receiver

ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def incidents(database: Database) -> IncidentService:
    operator = Route(name="operator", to=("smtp:it@district.example",), is_operator=True)
    return IncidentService(database, AlarmPolicy(zone=ZONE, routes=(operator,)))


@pytest.mark.parametrize(
    ("due", "committed", "running", "waits_min", "signal"),
    [
        (0, 0, 0, None, HeartbeatSignal.SUCCESS),
        (5, 5, 0, None, HeartbeatSignal.SUCCESS),
        (5, 1, 0, 2, HeartbeatSignal.SUCCESS),
        (5, 0, 0, None, None),
        (5, 0, 1, None, HeartbeatSignal.SUCCESS),
        (5, 5, 0, 6, HeartbeatSignal.FAIL),
        (0, 0, 0, 6, HeartbeatSignal.FAIL),
        (5, 0, 1, 6, HeartbeatSignal.FAIL),
    ],
)
def test_success_needs_work_and_delivered_notices(
    due: int, committed: int, running: int, waits_min: int | None, signal: HeartbeatSignal | None
) -> None:
    waiting = None if waits_min is None else NOON - timedelta(minutes=waits_min)
    activity = WatchActivity(is_planned=True, due=due, committed=committed, running=running, waiting_since=waiting)
    assert signal_of(activity, NOON)[0] is signal


def test_a_stopped_planner_stops_the_heartbeat(
    database: Database, incidents: IncidentService, receiver: Receiver, clock: Clock
) -> None:
    """No slot is due then, and none is left undone: it would look like a quiet night."""
    clock.now = datetime.now(UTC)
    outbox = OutboxHistory(incidents, database, "me", owner_is_gone)
    switch = DeadMansSwitch(Heartbeat(receiver.url), incidents, database, outbox, "here", every_s=60)
    SlotHistory(database, "here", ZONE).plan([], {"live-class": clock.now + timedelta(seconds=60)})
    SlotHistory(database, "there", ZONE).plan([], {"live-class": clock.now + timedelta(days=1)})
    switch.run_once()
    switch.run_once()
    clock.forward(61)
    switch.run_once()
    assert receiver.paths == ["/hook/start", "/hook"]


def test_signals_go_to_the_paths_of_healthchecks(receiver: Receiver) -> None:
    paths: list[str] = []
    heartbeat = Heartbeat(f"{receiver.url}/4b2f?rid=1")
    for signal in HeartbeatSignal:
        assert heartbeat.send(signal, "a log")
        paths.append(receiver.paths[-1])
    assert paths == ["/hook/4b2f/start?rid=1", "/hook/4b2f?rid=1", "/hook/4b2f/fail?rid=1"]
    assert [body for _, body in receiver.posts] == [b"a log"] * 3


def test_unreadable_incidents_stop_the_heartbeat(
    database: Database, incidents: IncidentService, receiver: Receiver
) -> None:
    """No observation could be recorded then: the service would run on without alarms."""
    switch = DeadMansSwitch(
        Heartbeat(receiver.url),
        incidents,
        database,
        OutboxHistory(incidents, database, "me", owner_is_gone),
        "here",
        every_s=60,
    )
    incidents.record_part(watch("there"), "First Bell at there has been silent")
    with database.write() as connection:
        connection.execute(alarms.incidents.update().values(story={"written by": "another version"}))
    with pytest.raises(ValidationError):
        switch.run_once()
    assert receiver.paths == []


def test_slots_that_do_not_run_stop_the_heartbeat(
    database: Database, incidents: IncidentService, receiver: Receiver, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)
    slots = SlotHistory(database, "here", ZONE)
    outbox = OutboxHistory(incidents, database, "me", owner_is_gone)
    switch = DeadMansSwitch(Heartbeat(receiver.url), incidents, database, outbox, "here", every_s=60)
    slots.plan([], {"live-class": clock.now})
    switch.run_once()
    switch.run_once()
    assert receiver.paths == ["/hook/start", "/hook"]
    clock.forward(3600)
    due = Due(at=clock.now - timedelta(minutes=30), journey="live-class", phase=Phase.IN_CLASS)
    slots.plan([due], {"live-class": clock.now})
    switch.run_once()
    assert receiver.paths == ["/hook/start", "/hook"], "success was sent, and no slot has run"


def test_a_run_that_goes_on_is_work_and_one_that_never_ends_is_not(
    database: Database, incidents: IncidentService, receiver: Receiver, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)
    slots = SlotHistory(database, "here", ZONE)
    outbox = OutboxHistory(incidents, database, "me", owner_is_gone)
    switch = DeadMansSwitch(Heartbeat(receiver.url), incidents, database, outbox, "here", every_s=60)
    due = Due(at=clock.now + timedelta(seconds=30), journey="live-class", phase=Phase.IN_CLASS)
    slots.plan([due], {"live-class": clock.now + timedelta(days=1)})
    with database.write() as connection:
        connection.execute(runs.slots.update().values(state=SlotState.RUNNING))
    switch.run_once()
    sent = []
    for minutes in (1, 10, 10):
        clock.forward(60 * minutes)
        switch.run_once()
        sent.append(len(receiver.paths))
    assert sent == [2, 3, 3]
    assert receiver.posts[0][1].endswith(b"a signal every 60 s; a grace of 120 s is enough")


def test_a_silent_location_is_reported_by_another_until_it_returns(
    database: Database, incidents: IncidentService, clock: Clock
) -> None:
    here, there = (AlarmUpkeep(incidents, database, location) for location in ("here", "there"))
    here.run_once()
    there.run_once()
    clock.forward(290)
    here.run_once()
    assert incidents.recent(5) == []
    clock.forward(20)
    here.run_once()
    here.run_once()
    (details,) = incidents.recent(5)
    assert details.incident.subject == "watch there"
    assert details.incident.symptoms[0].said == "First Bell at there has been silent for 5 min"
    there.run_once()
    here.run_once()
    assert not incidents.recent(5)[0].incident.is_open


def test_a_failure_seen_only_by_a_dropped_location_is_over(
    database: Database, incidents: IncidentService, clock: Clock
) -> None:
    """It would never pass there, and the incident would stay open for ever."""
    AlarmUpkeep(incidents, database, "there").run_once()
    here = AlarmUpkeep(incidents, database, "here")
    for number, (location, journey) in enumerate((("there", "live-class"), ("there", "plan-b"), ("here", "plan-b"))):
        with database.write() as connection:
            at = clock.now + timedelta(seconds=number)
            incidents.record_observation(
                connection,
                Observation(
                    journey=journey, location=location, at=at, outcome=Outcome.FAILED, confirmed=True, service=journey
                ),
            )
    clock.forward(8 * 24 * 3600)
    here.run_once()
    are_open = {details.incident.subject: details.incident.is_open for details in incidents.recent(5)}
    assert are_open == {"live-class": False, "plan-b": True}
    assert incidents.watched()[Track.SERVICE, "plan-b"].health.broken_locations == ("here",)


def test_a_dropped_location_is_forgotten(database: Database, incidents: IncidentService, clock: Clock) -> None:
    AlarmUpkeep(incidents, database, "there").run_once()
    clock.forward(8 * 24 * 3600)
    here = AlarmUpkeep(incidents, database, "here")
    here.run_once()
    clock.forward(60)
    here.run_once()
    assert incidents.recent(5) == []
