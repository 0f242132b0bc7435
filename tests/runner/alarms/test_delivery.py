"""Delivery to receivers as they are: slow, silent, busy, gone; nothing is lost or overtaken, and nobody waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.alarms import delivery
from firstbell.runner.alarms.channels import ChannelOptions, open_channel
from firstbell.runner.alarms.delivery import NoticeDelivery, backoff_s
from firstbell.runner.alarms.observation import Observation
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.alarms import notifications
from firstbell.runner.outcome import Outcome
from tests.support.receivers import Receiver, http_receiver

pytestmark = pytest.mark.browser  # Servers of their own, and time limits: with those that take as long.

ZONE = ZoneInfo("America/New_York")


class District:
    """Routes to receivers, and a history that fills an outbox."""

    def __init__(self, database: Database, *receivers: Receiver) -> None:
        self._database = database
        routes = [
            Route(name=f"route-{number}", to=(f"webhook:{one.url}",), services=frozenset({"platform"}))
            for number, one in enumerate(receivers)
        ]
        self.incidents = IncidentService(database, AlarmPolicy(zone=ZONE, routes=tuple(routes)))
        self.outbox = OutboxHistory(self.incidents, database, "me", lambda _owner: False)
        self._at = datetime.now(UTC)

    def see(self, outcome: str, journey: str = "live-class", service: str = "platform") -> None:
        self._at += timedelta(seconds=1)
        verdict = Observation(
            journey=journey,
            location="here",
            at=self._at,
            outcome=Outcome(outcome),
            confirmed=outcome == "failed",
            service=service if outcome == "failed" else "",
        )
        with self._database.write() as connection:
            self.incidents.weigh(connection, verdict)

    def fates(self) -> list[str]:
        return sorted(parcel.fate.value for parcel in self.outbox.look(500))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/history.db")
    yield opened
    opened.close()


@pytest.fixture
def receivers() -> Iterator[Callable[[], Receiver]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(http_receiver())


@pytest.fixture
def deliver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[District], NoticeDelivery]]:
    monkeypatch.setattr(delivery, "BACKOFF", replace(delivery.BACKOFF, first_s=0.02))
    with ExitStack() as stack:

        def start(district: District) -> NoticeDelivery:
            options = ChannelOptions(secret=lambda _reference: "")
            begun = NoticeDelivery(district.outbox, lambda address: open_channel(address, options)).start()
            stack.callback(begun.close)
            return begun

        yield start


def until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for something that must come to pass."""
    deadline, look = time.monotonic() + within_s, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        look.wait(0.02)


def kinds(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"].split("/")[3] for headers, _ in receiver.posts]


def test_a_receiver_in_trouble_gets_all_in_order_once_it_is_well(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    receiver = receivers()
    receiver.answers = [(503, {}), "reset", (429, {"Retry-After": "0"}), (500, {})]
    district = District(database, receiver)
    for outcome in ("failed", "passed", "passed"):
        district.see(outcome)
    deliver(district)
    until(lambda: district.fates() == ["delivered", "delivered"])
    assert kinds(receiver) == ["opened", "closed"]


def test_a_receiver_that_never_answers_keeps_nobody_waiting(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    silent, well = receivers(), receivers()
    silent.answers = ["stall"]
    district = District(database, silent, well)
    district.see("failed")
    deliver(district)
    until(lambda: kinds(well) == ["opened"], within_s=5)
    silent.closing.set()


def test_a_receiver_that_drips_keeps_nobodys_hands(
    database: Database,
    receivers: Callable[[], Receiver],
    deliver: Callable[[District], NoticeDelivery],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each byte renews a socket's time-out: an answer that never ends would hold a hand for ever."""
    monkeypatch.setattr(delivery, "LIMIT_S", 0.2)
    dripping = receivers()
    dripping.answers = ["drip"]
    district = District(database, dripping)
    district.see("failed")
    deliver(district)
    until(lambda: district.fates() == ["delivered"], within_s=5)


def test_an_alarm_does_not_wait_for_its_picture(
    database: Database, receivers: Callable[[], Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PICTURE_S", 0.1)
    receiver, back = receivers(), threading.Event()
    district = District(database, receiver)
    district.see("failed")
    with database.write() as connection:
        connection.execute(notifications.update().values(picture="runs/x/2.jpg"))

    def away(_name: str) -> bytes:
        back.wait()
        return b""

    options = ChannelOptions(secret=lambda _reference: "")
    begun = NoticeDelivery(district.outbox, lambda address: open_channel(address, options), away).start()
    until(lambda: kinds(receiver) == ["opened"], within_s=5)
    back.set()
    begun.close()


def test_what_is_refused_for_good_is_seen_and_told_by_another_way(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    gone, well = receivers(), receivers()
    gone.answers = [(404, {})]
    district = District(database, gone, well)
    operator = Route(name="operator", to=(f"webhook:{well.url}",), is_operator=True)
    district.incidents.terms = AlarmPolicy(zone=ZONE, routes=(*district.incidents.terms.routes, operator))
    district.see("failed")
    deliver(district)
    until(lambda: district.fates() == ["dead", "delivered", "delivered"])
    told = [body.decode() for _, body in well.posts]
    assert any("127.0.0.1 answered 404" in body for body in told)


def test_a_hundred_that_wait_do_not_hold_up_the_next(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    receiver = receivers()
    district = District(database, receiver)
    routes = [Route(name="it", to=(f"webhook:{receiver.url}",))]
    district.incidents.terms = AlarmPolicy(zone=ZONE, routes=tuple(routes))
    for number in range(100):
        district.see("failed", journey=f"journey-{number}", service=f"service-{number}")
    district.see("failed", journey="live-class", service="platform")
    deliver(district)
    until(lambda: district.fates() == ["delivered"] * 101)


def test_a_notice_that_cannot_be_read_is_set_aside_and_stops_nobody(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    receiver = receivers()
    district = District(database, receiver)
    district.see("failed")
    with database.write() as connection:
        connection.execute(notifications.update().values(message={"written by": "another version"}))
    for outcome in ("passed", "passed"):
        district.see(outcome)
    deliver(district)
    until(lambda: district.fates() == ["dead", "delivered"])
    assert kinds(receiver) == ["closed"]


def test_a_database_that_goes_away_is_waited_for(
    database: Database,
    receivers: Callable[[], Receiver],
    deliver: Callable[[District], NoticeDelivery],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "AWAY_S", 0.05)
    receiver = receivers()
    district = District(database, receiver)
    away = threading.Event()
    asked = threading.Event()
    claim = district.outbox.claim

    def claim_or_fail(*given: object) -> object:
        asked.set()
        if away.is_set():
            raise OSError("the disk is away")
        return claim(*given)  # type: ignore[arg-type]

    away.set()
    monkeypatch.setattr(district.outbox, "claim", claim_or_fail)
    deliver(district)
    assert asked.wait(5)
    district.see("failed")
    away.clear()
    until(lambda: kinds(receiver) == ["opened"])


@pytest.mark.parametrize(("tries", "fate"), [(0, "waiting"), (delivery.FEWEST_TRIES, "dead")])
def test_what_is_old_is_given_up_only_after_many_tries(
    database: Database,
    receivers: Callable[[], Receiver],
    deliver: Callable[[District], NoticeDelivery],
    tries: int,
    fate: str,
) -> None:
    """A person who lets a dead notice go again has not let it go for one try."""
    receiver = receivers()
    receiver.answers = [(503, {"Retry-After": "600"})]
    district = District(database, receiver)
    district.see("failed")
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with database.write() as connection:
        connection.execute(notifications.update().values(made_at=long_ago, tries=tries))
    deliver(district)
    until(lambda: district.outbox.look(9)[-1].notification.tries > tries)
    assert district.outbox.look(9)[-1].fate.value == fate


def test_waits_grow_to_a_bound_and_are_spread() -> None:
    assert 0.5 * 2 <= backoff_s(0) <= 1.5 * 2
    assert all(backoff_s(tries) <= 1.5 * delivery.BACKOFF.longest_s for tries in (10, 1000))
    assert len({backoff_s(3) for _ in range(10)}) > 1
    assert backoff_s(0, asked_s=3000.0) == 3000.0
    assert backoff_s(5, asked_s=0.0) >= 0.5 * 2**6
