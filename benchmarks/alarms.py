"""What alarms cost and how fast they are: many outcomes through SQLite, and one alarm behind a queue of others.

    python -m benchmarks.alarms [--outcomes 10000] [--incidents 1000]

Every incident is a confirmed failure that opens, passes that close it, and two notices; nothing may be missing at the
end. The second part has 100 notices waiting for one receiver and measures from the commit of a confirmed failure to
the first byte of its notice there.
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
    """A history with an outbox, and one route to an inbox."""

    def __init__(self, folder: Path, box: AlarmReceiver) -> None:
        self.database = Database(f"sqlite:///{folder}/history.db")
        terms = AlarmPolicy(zone=ZONE, routes=(Route(name="it", to=(box.address,)),))
        self.incidents = IncidentService(self.database, terms)
        self.outbox = OutboxHistory(self.incidents, self.database, "bench", lambda _owner: False)
        self.weighed = RunHistory(self.database, ZONE, self.incidents.record_run)
        self.plain = RunHistory(self.database, ZONE)

    def delivery(self) -> NoticeDelivery:
        """Delivers, until it is closed."""
        options = ChannelOptions(secret=lambda _reference: "")
        return NoticeDelivery(self.outbox, lambda address: open_channel(address, options)).start()


def run(name: str, at: datetime, journey: str, outcome: str) -> RunRow:
    """A run with two attempts where it failed."""
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
    """So many outcomes of twenty journeys, forty minutes between two of one journey; each fails in turn, and passes
    until that is closed and forgotten."""
    every = outcomes // incidents
    rows = []
    for number in range(outcomes):
        lap, journey = divmod(number, JOURNEYS)
        outcome = "failed" if lap % every == journey % every else "passed"
        at = START + timedelta(minutes=40 * lap, seconds=journey)
        rows.append(run(f"{at:%Y%m%d-%H%M%S}-{number:06}", at, f"journey-{journey}", outcome))
    return rows


def measure_outcomes(outcomes: int, incidents: int) -> None:
    """Nothing is lost, and what it costs."""
    rows = make_runs(outcomes, incidents)
    wanted = sum(row.outcome == "failed" for row in rows)
    with tempfile.TemporaryDirectory() as folder, alarm_receiver() as box:
        bench = AlarmBench(Path(folder), box)
        began = time.process_time()
        for row in rows:
            bench.weighed.record(row)
        weighed_s = time.process_time() - began
        delivery, began_at = bench.delivery(), time.monotonic()
        while bench.outbox.oldest_waiting() is not None:
            time.sleep(0.1)
        delivered_s = time.monotonic() - began_at
        delivery.close()
        told = bench.incidents.recent(10 * incidents)
        kinds = Counter(letter.kind for letter in box.notices)
        bench.database.close()
    with tempfile.TemporaryDirectory() as folder, alarm_receiver() as box:
        bench = AlarmBench(Path(folder), box)
        began = time.process_time()
        for row in rows:
            bench.plain.record(row)
        plain_s = time.process_time() - began
        bench.database.close()
    closed = sum(one.incident.closed_at is not None for one in told)
    print(f"{len(rows)} outcomes, {wanted} of them confirmed failures: {len(told)} incidents, {closed} of them closed")
    print(f"notices received: {kinds['opened']} opened, {kinds['closed']} closed; twice: {_twice(box)}")
    rate, share = len(rows) / weighed_s, weighed_s / plain_s
    print(f"recorded and weighed: {rate:.0f} a CPU second, {share:.2f} times what recording alone takes")
    print(f"delivered: {sum(kinds.values()) / delivered_s:.0f} notices a second")


def _twice(box: AlarmReceiver) -> int:
    subjects = Counter((letter.kind, letter.subject, letter.rows.get("Next", "")) for letter in box.notices)
    return sum(number - 1 for number in subjects.values() if number > 1)


def measure_queue(waiting: int) -> None:
    """From a confirmed failure to the first byte, with others in the queue before it."""
    times = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, alarm_receiver() as box:
            bench = AlarmBench(Path(folder), box)
            at = datetime.now(UTC)
            for number in range(waiting):
                bench.weighed.record(run(f"queued-{number:06}", at, f"queued-{number}", "failed"))
            delivery = bench.delivery()
            bench.weighed.record(run("last", datetime.now(UTC), "last", "failed"))
            confirmed_at = datetime.now(UTC)
            while not (found := [letter for letter in box.notices if "fails in last" in letter.subject]):
                time.sleep(0.002)
            times.append((found[0].at - confirmed_at).total_seconds())
            delivery.close()
            bench.database.close()
    print(
        f"confirmed failure to first byte behind {waiting} notices to the same receiver: median "
        f"{statistics.median(times):.2f} s, worst of {ROUNDS} {max(times):.2f} s"
    )


def main() -> None:
    """Both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=10_000)
    parser.add_argument("--incidents", type=int, default=1_000)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    measure_outcomes(given.outcomes, given.incidents)
    measure_queue(100)


if __name__ == "__main__":
    main()
