"""Measures cost and speed of alarms: many outcomes through SQLite, and one alarm behind a queue of others.

    python -m benchmarks.alarms [--outcomes 10000] [--incidents 1000]

Every incident is a confirmed failure that opens it, passes that close it, and two notices; nothing may be missing at
the end. The second part has 100 notices waiting for one receiver and measures the time from the commit of a confirmed
failure to the first byte of its notice there.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from firstbell.runner.alarms.channels import ChannelOptions, open_channel
from firstbell.runner.alarms.delivery import NoticeDelivery
from firstbell.runner.alarms.local_receiver import AlarmReceiver, alarm_receiver
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow
from firstbell.runner.history.runs.runs import RunHistory

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 8, 31, 11, tzinfo=UTC)
JOURNEYS = 20
ROUNDS = 15


class AlarmBench:
    """A history with an outbox, and one route to a local receiver."""

    def __init__(self, folder: Path, receiver: AlarmReceiver) -> None:
        self.database = Database(f"sqlite:///{folder}/history.db")
        policy = AlarmPolicy(zone=ZONE, routes=(Route(name="it", to=(receiver.address,)),))
        self.incidents = IncidentService(self.database, policy)
        self.outbox = OutboxHistory(self.incidents, self.database, "bench", lambda _owner: False)
        self.with_alarms = RunHistory(self.database, ZONE, self.incidents.record_run)
        self.plain = RunHistory(self.database, ZONE)

    def delivery(self) -> NoticeDelivery:
        """Starts the delivery of notices, which runs until it is closed."""
        options = ChannelOptions(secret=lambda _reference: "")
        return NoticeDelivery(self.outbox, lambda address: open_channel(address, options)).start()


def run(name: str, at: datetime, journey: str, outcome: str) -> RunRow:
    """Returns a run, with two attempts if it failed."""
    attempts = tuple(AttemptRow(number=n, started_at=at, took_s=1.0, outcome=outcome) for n in (1, 2))
    return RunRow(
        id=name,
        journey=journey,
        location="here",
        started_at=at,
        took_s=1.0,
        outcome=outcome,
        evidence="evidence/runs/x",
        version="bench",
        service=f"service-of-{journey}" if outcome == "failed" else "",
        attempts=attempts if outcome == "failed" else attempts[:1],
    )


def make_runs(outcomes: int, incidents: int) -> list[RunRow]:
    """Returns outcomes of twenty journeys, forty minutes apart within a journey. Each journey fails in turn, and then
    passes until its incident is closed and can no longer be reopened."""
    every = outcomes // incidents
    rows = []
    for number in range(outcomes):
        round_number, journey = divmod(number, JOURNEYS)
        outcome = "failed" if round_number % every == journey % every else "passed"
        at = START + timedelta(minutes=40 * round_number, seconds=journey)
        rows.append(run(f"{at:%Y%m%d-%H%M%S}-{number:06}", at, f"journey-{journey}", outcome))
    return rows


def measure_outcomes(outcomes: int, incidents: int) -> None:
    """Prints what recording outcomes with alarms costs, and counts the notices."""
    rows = make_runs(outcomes, incidents)
    failures = sum(row.outcome == "failed" for row in rows)
    with tempfile.TemporaryDirectory() as folder, alarm_receiver() as receiver:
        bench = AlarmBench(Path(folder), receiver)
        began = time.process_time()
        for row in rows:
            bench.with_alarms.record(row)
        with_alarms_s = time.process_time() - began
        delivery, began_at = bench.delivery(), time.monotonic()
        while bench.outbox.oldest_waiting() is not None:
            time.sleep(0.1)
        delivered_s = time.monotonic() - began_at
        delivery.close()
        incidents_seen = bench.incidents.recent(10 * incidents)
        by_kind = Counter(letter.kind for letter in receiver.notices)
        bench.database.close()
    with tempfile.TemporaryDirectory() as folder, alarm_receiver() as receiver:
        bench = AlarmBench(Path(folder), receiver)
        began = time.process_time()
        for row in rows:
            bench.plain.record(row)
        plain_s = time.process_time() - began
        bench.database.close()
    closed = sum(report.incident.closed_at is not None for report in incidents_seen)
    print(
        f"{len(rows)} outcomes, {failures} of them confirmed failures: "
        f"{len(incidents_seen)} incidents, {closed} of them closed"
    )
    print(
        f"notices received: {by_kind['opened']} opened, {by_kind['closed']} closed; duplicates: {_duplicates(receiver)}"
    )
    rate, share = len(rows) / with_alarms_s, with_alarms_s / plain_s
    print(f"recorded with alarms: {rate:.0f} per CPU second, {share:.2f} times the cost of recording alone")
    print(f"delivered: {sum(by_kind.values()) / delivered_s:.0f} notices per second")


def _duplicates(receiver: AlarmReceiver) -> int:
    subjects = Counter((letter.kind, letter.subject, letter.rows.get("Next", "")) for letter in receiver.notices)
    return sum(number - 1 for number in subjects.values() if number > 1)


def measure_queue(waiting: int) -> None:
    """Prints the time from a confirmed failure to the first byte of its notice, behind `waiting` others."""
    times = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, alarm_receiver() as receiver:
            bench = AlarmBench(Path(folder), receiver)
            at = datetime.now(UTC)
            for number in range(waiting):
                bench.with_alarms.record(run(f"queued-{number:06}", at, f"queued-{number}", "failed"))
            delivery = bench.delivery()
            bench.with_alarms.record(run("last", datetime.now(UTC), "last", "failed"))
            confirmed_at = datetime.now(UTC)
            while not (found := [letter for letter in receiver.notices if "(last)" in letter.subject]):
                time.sleep(0.002)
            times.append((found[0].at - confirmed_at).total_seconds())
            delivery.close()
            bench.database.close()
    print(
        f"confirmed failure to first byte behind {waiting} notices to the same receiver: median "
        f"{statistics.median(times):.2f} s, worst of {ROUNDS} {max(times):.2f} s"
    )


def main() -> None:
    """Measures both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=10_000)
    parser.add_argument("--incidents", type=int, default=1_000)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    measure_outcomes(arguments.outcomes, arguments.incidents)
    measure_queue(100)


if __name__ == "__main__":
    main()
