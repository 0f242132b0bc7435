"""Delivery to receivers that are slow, silent, busy or gone: no notice is lost or overtaken, and no receiver waits."""

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

pytestmark = pytest.mark.browser  # Real servers and time limits: run with the slow tests.

ZONE = ZoneInfo("America/New_York")


class District:
    """Routes to receivers, and incidents that fill an outbox."""

    def __init__(self, database: Database, *receivers: Receiver) -> None:
        self._database = database
        routes = [
            Route(name=f"route-{number}", to=(f"webhook:{receiver.url}",), services=frozenset({"platform"}))
            for number, receiver in enumerate(receivers)
        ]
        self.incidents = IncidentService(database, AlarmPolicy(zone=ZONE, routes=tuple(routes)))
        self.outbox = OutboxHistory(self.incidents, database, "me", lambda _owner: False)
        self._at = datetime.now(UTC)

    def observe(self, outcome: str, journey: str = "live-class", service: str = "platform") -> None:
        self._at += timedelta(seconds=1)
        observation = Observation(
            journey=journey,
            location="here",
            at=self._at,
            outcome=Outcome(outcome),
            confirmed=outcome == "failed",
            service=service if outcome == "failed" else "",
        )
        with self._database.write() as connection:
            self.incidents.record_observation(connection, observation)

    def states(self) -> list[str]:
        return sorted(entry.state.value for entry in self.outbox.entries(500))


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
    """Waits until a condition holds."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        pause.wait(0.02)


def kinds(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"].split("/")[3] for headers, _ in receiver.posts]


def test_a_failing_receiver_gets_all_notices_in_order_once_it_works(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    receiver = receivers()
    receiver.answers = [(503, {}), "reset", (429, {"Retry-After": "0"}), (500, {})]
    district = District(database, receiver)
    for outcome in ("failed", "passed", "passed"):
        district.observe(outcome)
    deliver(district)
    until(lambda: district.states() == ["delivered", "delivered"])
    assert kinds(receiver) == ["opened", "closed"]


def test_a_receiver_that_never_answers_keeps_no_other_waiting(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    silent, working = receivers(), receivers()
    silent.answers = ["stall"]
    district = District(database, silent, working)
    district.observe("failed")
    deliver(district)
    until(lambda: kinds(working) == ["opened"], within_s=5)
    silent.closing.set()


def test_an_endless_answer_does_not_block_a_worker(
    database: Database,
    receivers: Callable[[], Receiver],
    deliver: Callable[[District], NoticeDelivery],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each byte renews a socket's time-out: an endless answer would block a worker for ever."""
    monkeypatch.setattr(delivery, "LIMIT_S", 0.2)
    dripping = receivers()
    dripping.answers = ["drip"]
    district = District(database, dripping)
    district.observe("failed")
    deliver(district)
    until(lambda: district.states() == ["delivered"], within_s=5)


def test_an_alarm_does_not_wait_for_its_picture(
    database: Database, receivers: Callable[[], Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PICTURE_S", 0.1)
    receiver, back = receivers(), threading.Event()
    district = District(database, receiver)
    district.observe("failed")
    with database.write() as connection:
        connection.execute(notifications.update().values(picture="runs/x/2.jpg"))

    def unreachable(_name: str) -> bytes:
        back.wait()
        return b""

    options = ChannelOptions(secret=lambda _reference: "")
    begun = NoticeDelivery(district.outbox, lambda address: open_channel(address, options), unreachable).start()
    until(lambda: kinds(receiver) == ["opened"], within_s=5)
    back.set()
    begun.close()


def test_a_refused_notice_is_dead_and_reported_by_another_channel(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    gone, working = receivers(), receivers()
    gone.answers = [(404, {})]
    district = District(database, gone, working)
    operator = Route(name="operator", to=(f"webhook:{working.url}",), is_operator=True)
    district.incidents.policy = AlarmPolicy(zone=ZONE, routes=(*district.incidents.policy.routes, operator))
    district.observe("failed")
    deliver(district)
    until(lambda: district.states() == ["dead", "delivered", "delivered"])
    bodies = [body.decode() for _, body in working.posts]
    assert any("127.0.0.1 answered 404" in body for body in bodies)


def test_a_hundred_waiting_notices_do_not_delay_the_next(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    receiver = receivers()
    district = District(database, receiver)
    routes = [Route(name="it", to=(f"webhook:{receiver.url}",))]
    district.incidents.policy = AlarmPolicy(zone=ZONE, routes=tuple(routes))
    for number in range(100):
        district.observe("failed", journey=f"journey-{number}", service=f"service-{number}")
    district.observe("failed", journey="live-class", service="platform")
    deliver(district)
    until(lambda: len(receiver.posts) == 101)  # To read the outbox again and again would delay it.
    until(lambda: district.states() == ["delivered"] * 101)


def test_an_unreadable_notice_is_dead_and_blocks_no_other(
    database: Database, receivers: Callable[[], Receiver], deliver: Callable[[District], NoticeDelivery]
) -> None:
    receiver = receivers()
    district = District(database, receiver)
    district.observe("failed")
    with database.write() as connection:
        connection.execute(notifications.update().values(message={"written by": "another version"}))
    for outcome in ("passed", "passed"):
        district.observe(outcome)
    deliver(district)
    until(lambda: district.states() == ["dead", "delivered"])
    assert kinds(receiver) == ["closed"]


def test_delivery_resumes_when_the_database_can_be_reached_again(
    database: Database,
    receivers: Callable[[], Receiver],
    deliver: Callable[[District], NoticeDelivery],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "DATABASE_RETRY_S", 0.05)
    receiver = receivers()
    district = District(database, receiver)
    away = threading.Event()
    called = threading.Event()
    claim = district.outbox.claim

    def claim_or_fail(*given: object) -> object:
        called.set()
        if away.is_set():
            raise OSError("the disk is away")
        return claim(*given)  # type: ignore[arg-type]

    away.set()
    monkeypatch.setattr(district.outbox, "claim", claim_or_fail)
    deliver(district)
    assert called.wait(5)
    district.observe("failed")
    away.clear()
    until(lambda: kinds(receiver) == ["opened"])


@pytest.mark.parametrize(("tries", "state"), [(0, "waiting"), (delivery.FEWEST_TRIES, "dead")])
def test_an_old_notice_is_given_up_only_after_many_tries(
    database: Database,
    receivers: Callable[[], Receiver],
    deliver: Callable[[District], NoticeDelivery],
    tries: int,
    state: str,
) -> None:
    """A person who retries a dead notice expects more than one try."""
    receiver = receivers()
    receiver.answers = [(503, {"Retry-After": "600"})]
    district = District(database, receiver)
    district.observe("failed")
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with database.write() as connection:
        connection.execute(notifications.update().values(made_at=long_ago, tries=tries))
    deliver(district)
    until(lambda: district.outbox.entries(9)[-1].notice.tries > tries)
    assert district.outbox.entries(9)[-1].state.value == state


def test_backoff_grows_to_a_bound_and_is_spread() -> None:
    assert 0.5 * 2 <= backoff_s(0) <= 1.5 * 2
    assert all(backoff_s(tries) <= 1.5 * delivery.BACKOFF.longest_s for tries in (10, 1000))
    assert len({backoff_s(3) for _ in range(10)}) > 1
    assert backoff_s(0, requested_s=3000.0) == 3000.0
    assert backoff_s(5, requested_s=0.0) >= 0.5 * 2**6
