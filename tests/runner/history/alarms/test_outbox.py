"""The order of notices in the outbox, and when a channel that does not take them is told by another."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.alarms.delivery import backoff_s
from firstbell.runner.alarms.observation import Observation
from firstbell.runner.alarms.outbox import DeliveryState, QueuedNotice
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.history.alarms.enqueue import sent_notices
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database
from firstbell.runner.outcome import Outcome
from tests.support.clocks import Clock
from tests.support.races import just_before
from tests.support.servers import Postgres

LEASE = timedelta(seconds=60)
DESK, PAGER = "webhook:https://desk.example/hook", "pagerduty:env:KEY"
OPERATOR = "smtp:operator@district.example"


class District:
    """Incidents of services, and the outbox that they fill."""

    def __init__(self, database: Database, clock: Clock, *to: str) -> None:
        routes = (Route(name="it", to=to), Route(name="operator", to=(OPERATOR,), is_operator=True))
        policy = AlarmPolicy(zone=ZoneInfo("UTC"), routes=routes, is_school_time=lambda *_: False)
        self._database, self._clock = database, clock
        self.incidents = IncidentService(database, policy)
        self.outbox = OutboxHistory(self.incidents, database, "me", lambda _owner: False)

    def observe(self, *outcomes: str, service: str = "platform") -> None:
        for outcome in outcomes:
            self._clock.forward(1)
            failed = outcome == "failed"
            seen = Observation(
                journey=f"uses-{service}",
                location="here",
                at=self._clock.now,
                outcome=Outcome(outcome),
                confirmed=failed,
                service=service if failed else "",
            )
            with self._database.write() as connection:
                self.incidents.record_observation(connection, seen)

    def claim(self) -> QueuedNotice:
        claimed = self.outbox.claim((), LEASE)
        assert claimed is not None
        return claimed

    def claims(self) -> list[str]:
        """Delivers everything that is due, and returns the kind and service of each in order."""
        told = []
        while (claimed := self.outbox.claim((), LEASE)) is not None:
            self.outbox.mark_delivered(claimed, "")
            told.append(f"{claimed.message.kind.value} {claimed.message.service}")
        return told


def test_a_new_opening_overtakes_an_old_closing_which_is_then_dropped(database: Database, clock: Clock) -> None:
    district = District(database, clock, DESK)
    district.observe("failed")
    assert district.claims() == ["opened platform"]
    district.observe("passed", "passed")
    district.outbox.retry_later(district.claim(), "busy", timedelta(seconds=50))
    district.observe("failed")
    assert district.claims() == ["opened platform"]
    clock.forward(3600)
    assert district.claims() == []
    assert len(district.outbox.entries(9, states=[DeliveryState.DROPPED])) == 1
    with database.read() as connection:
        # A dropped notice to the staff is no draft for families.
        assert not any(notice.is_public for notice in sent_notices(connection, 1))
    district.observe(*["passed"] * 4)
    assert district.claims() == ["closed platform"]


def test_a_channel_that_keeps_alerts_gets_the_old_closing_later(database: Database, clock: Clock) -> None:
    district = District(database, clock, PAGER)
    district.observe("failed")
    district.claims()
    district.observe("passed", "passed")
    district.outbox.retry_later(district.claim(), "busy", timedelta(seconds=50))
    district.observe("failed")
    assert district.claims() == ["opened platform"]
    clock.forward(60)
    assert district.claims() == ["closed platform"]


def test_closings_of_other_services_go_after_openings(database: Database, clock: Clock) -> None:
    district = District(database, clock, DESK)
    district.observe("failed", service="platform")
    district.claims()
    district.observe("passed", "passed", service="platform")
    district.observe("failed", service="sign-in")
    assert district.claims() == ["opened sign-in", "closed platform"]


@pytest.mark.parametrize(
    ("tries_at_s", "wait_s", "told"),
    [([1, 30, 55], 2, 0), ([1, 30, 61], 2, 1), ([1], 600, 1), ([1], 50, 0)],
)
def test_a_channel_that_is_down_for_a_minute_is_told_by_the_next_way(
    database: Database, clock: Clock, tries_at_s: list[int], wait_s: float, told: int
) -> None:
    """A receiver that asks for a longer wait (Retry-After: 600) is told of at once."""
    district = District(database, clock, DESK)
    district.observe("failed")
    start = clock.now
    for at_s in tries_at_s:
        clock.now = start + timedelta(seconds=at_s)
        district.outbox.retry_later(district.claim(), "busy", timedelta(seconds=wait_s))
    others = [entry.notice for entry in district.outbox.entries(9) if entry.notice.address == OPERATOR]
    assert [f"cannot be delivered to {DESK}: busy" in notice.message.subject for notice in others] == [True] * told


def test_a_try_is_made_when_the_minute_ends() -> None:
    assert backoff_s(9, age_s=45.0) == 15.0
    assert backoff_s(9, requested_s=30.0, age_s=45.0) == 30.0
    assert backoff_s(9, age_s=60.0) > 60.0


def test_a_notice_that_is_delivered_while_another_claims_it_is_delivered_once(postgres: Postgres, clock: Clock) -> None:
    database, elsewhere = (Database(url, clock) for url in [postgres.emptied()] * 2)
    mine, other = District(database, clock, DESK), District(elsewhere, clock, DESK)
    mine.observe("failed")
    held = other.claim()
    clock.forward(61)
    with just_before(database, "UPDATE notifications", lambda: other.outbox.mark_delivered(held, "")):
        assert mine.outbox.claim((), LEASE) is None
    assert [one.state for one in mine.outbox.entries(9)] == [DeliveryState.DELIVERED]
    database.close()
    elsewhere.close()
