"""Processes killed at every statement: a run and its notices are written together, and no notice is ever lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event

from firstbell.runner.alarms.channels import ChannelOptions, open_channel
from firstbell.runner.alarms.delivery import NoticeDelivery
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow
from firstbell.runner.history.runs.runs import RunHistory
from tests.support.receivers import http_receiver

pytestmark = [pytest.mark.browser, pytest.mark.faults]  # No browser, but a hundred processes.

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 8, 31, 16, tzinfo=UTC)
MOST_STATEMENTS = 80


def run(number: int, outcome: str) -> RunRow:
    at = NOON + timedelta(minutes=number)
    attempts = tuple(AttemptRow(number=n, started_at=at, took_s=1.0, outcome=outcome) for n in (1, 2))
    return RunRow(
        id=f"{at:%Y%m%d-%H%M%S}-{number:06}",
        journey="live-class",
        location="here",
        started_at=at,
        took_s=2.0,
        outcome=outcome,
        evidence="x",
        version="0.1.0",
        service="platform" if outcome == "failed" else "",
        attempts=attempts,
    )


STORY = [run(0, "failed"), run(1, "passed"), run(2, "passed")]


def history_of(url: str, address: str) -> tuple[Database, RunHistory, OutboxHistory]:
    database = Database(url)
    policy = AlarmPolicy(zone=ZONE, routes=(Route(name="it", to=(address,)),))
    incidents = IncidentService(database, policy)
    outbox = OutboxHistory(incidents, database, this_process(), owner_is_gone)
    return database, RunHistory(database, ZONE, incidents.record_run), outbox


def die_at(statement: int, thread: str = "") -> None:
    """Kills this process before its nth statement or commit from now on, counted in threads of that name only."""
    left = [statement]

    def count(*_: object) -> None:
        if not threading.current_thread().name.startswith(thread):
            return
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)


def in_child(task: Callable[..., None], *given: object) -> int:
    """Runs a task in a new process, and returns its exit code."""
    process = multiprocessing.get_context("fork").Process(target=task, args=given)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def record_and_die(url: str, index: int, statement: int) -> None:
    _, history, _ = history_of(url, "webhook:http://127.0.0.1:9/")
    die_at(statement)
    history.record(STORY[index])


@pytest.mark.parametrize("index", range(3))
def test_a_run_and_its_notices_are_written_together_or_not_at_all(tmp_path: Path, index: int) -> None:
    expected = [1, 1, 2][index]  # notices after each run: opened, nothing new, closed
    survived = False
    for statement in range(MOST_STATEMENTS):
        url = f"sqlite:///{tmp_path}/history-{statement}.db"
        database, history, outbox = history_of(url, "webhook:http://127.0.0.1:9/")
        for before in STORY[:index]:
            history.record(before)
        had = len(outbox.entries(50))
        database.close()
        code = in_child(record_and_die, url, index, statement)
        database, history, outbox = history_of(url, "webhook:http://127.0.0.1:9/")
        is_written = len(history.recent(10)) == index + 1
        assert len(outbox.entries(50)) == (expected if is_written else had), f"killed at statement {statement}"
        if not is_written:
            history.record(STORY[index])  # Its slot runs again, or another run has the same result.
            assert len(outbox.entries(50)) == expected
        database.close()
        if code == 0:
            survived = True
            break
    assert survived, "it was killed each time: the loop ended before the transaction did"
    assert statement > 8, "it was killed too rarely: the test would prove nothing"


def deliver_and_die(url: str, address: str, statement: int) -> None:
    _, _, outbox = history_of(url, address)
    options = ChannelOptions(secret=lambda _reference: "")
    die_at(statement, "delivery")
    delivery = NoticeDelivery(outbox, lambda channel: open_channel(channel, options)).start()
    pause = threading.Event()
    while any(entry.delivered_at is None for entry in outbox.entries(50)):
        pause.wait(0.02)
    delivery.close()


def test_a_notice_is_delivered_wherever_its_sender_dies(tmp_path: Path) -> None:
    with http_receiver() as receiver:
        address, url = f"webhook:{receiver.url}", f"sqlite:///{tmp_path}/history.db"
        database, history, outbox = history_of(url, address)
        for row in STORY:
            history.record(row)
        deaths = 0
        # Each sender lives a little longer; the claims of the one before are void, because its process is gone.
        while any(entry.delivered_at is None for entry in outbox.entries(50)):
            deaths += in_child(deliver_and_die, url, address, deaths) != 0
            assert deaths < MOST_STATEMENTS
        keys = [headers["webhook-id"] for headers, _ in receiver.posts]
        database.close()
    assert deaths > 5, "too few senders died: the test would prove nothing"
    kinds = [key.split("/")[3] for key in keys]
    assert set(kinds) == {"opened", "closed"}
    assert kinds == sorted(kinds, reverse=True), "the closing was sent before the opening"
    assert len(set(keys)) == 2, "a repeated delivery has another key"
    assert max(Counter(keys).values()) <= deaths + 1
