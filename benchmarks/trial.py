"""Trial of three services on one PostgreSQL: kills, clocks that jump, a database that freezes, one host name.

    .venv/bin/python -m benchmarks.trial [--minutes 10] [--seed 1]

200 journeys without a page are due every 5 minutes; ten are due every minute and fail for 2 minutes of every 4, so that
incidents open and close. Every 20 s one service, in turn, is killed and started again. The clock of the third is a
second ahead, then 90 s behind, then an hour ahead, then right again, by Debian's libfaketime: without it the clock
stays, and a line says so. It moves what processes ask for; the kernel's own (boot time, times of files) stays. All of
PostgreSQL is stopped for a minute in the middle. Afterwards each line of a log that a run began is compared with the
tables. Exits with 1 if a figure is not as it must be.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil
from rich.table import Table
from sqlalchemy import Connection, Row, text

from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.cli.console import console
from firstbell.runner.history.database import Database
from firstbell.runner.schedule.slot_state import MissedReason, SlotState
from tests.support.receivers import Receiver, http_receiver
from tests.support.servers import Postgres

SERVICES, JOURNEYS, FAILING_OF, KILL_EVERY_S, FROZEN_S = 3, 200, 20, 20.0, 60.0
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# Part of the trial at which the clock of the last service moves -> the seconds by which it is wrong.
CLOCK_S = {0.1: 1.0, 0.25: -90.0, 0.7: 3600.0, 0.85: 0.0}
FREEZE_AT, START_S, SETTLE_S = 0.45, 240.0, 120.0
CONFIG = """\
[school]
name = "Trial"
timezone = "America/New_York"
journeys = ["quick"]

[history]
url = "{database}"

[watch]
workers = 1
grace = "60s"

[[alarms.routes]]
name = "it"
to = ["webhook:{receiver}"]
"""
SERVICE = '\n[services.{name}]\nowner = "Trial"\nurl = "{url}"\nkind = "page"\n'
SHIPPED = "\n[journeys.{name}]\nenabled = false\n"
QUICK = '\n[journeys.quick-{number:03}]\nevery = "{every}"\ndeadline = "30s"\nhours = "always"\n'
HEAD = '"""Journeys without a page."""\n\nimport time\n\nimport pytest\n'
JOURNEY = """

@pytest.mark.journey("quick-{number:03}", relies_on=["{service}"])
def test_quick_{number:03}():
    assert {number} % {failing_of} or time.monotonic() // 120 % 2, "broken for two minutes"
"""
WATCH = [sys.executable, "-c", "from firstbell.runner.cli.main import main; main()", "watch"]
NAMES = ("edge", "gradebook", "library", "lunch")
ENDS = ("passed", "flaky", "failed", "errored")
Rows = Sequence[Row[Any]]


@dataclass
class Watcher:
    """`firstbell watch` in a folder of its own, started again after each kill, with one log for each start."""

    folder: Path
    environment: dict[str, str]
    logs: list[Path] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the service."""
        self.logs.append(self.folder / f"log-{len(self.logs)}.jsonl")
        with self.logs[-1].open("wb") as log:
            self.process = subprocess.Popen(WATCH, cwd=self.folder, stderr=log, env=os.environ | self.environment)

    def end(self, number: signal.Signals) -> int:
        """Sends a signal and waits for the end. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(180)

    def events(self, name: str) -> Iterator[dict[str, str]]:
        """Yields the events of a name; a kill may cut the last line of a log."""
        for log in self.logs:
            for line in log.read_bytes().splitlines():
                if line.startswith(b"{") and line.endswith(b"}") and (event := json.loads(line))["event"] == name:
                    yield event


@contextmanager
def watchers(folder: Path, database: str, receiver: Receiver) -> Iterator[list[Watcher]]:
    """Starts the services. The last has a clock that can be moved. None is left."""
    (folder / "quick").mkdir()
    for first in range(0, JOURNEYS, FAILING_OF):
        given = {"failing_of": FAILING_OF, "service": NAMES[first // FAILING_OF % len(NAMES)]}
        source = HEAD + "".join(JOURNEY.format(number=first + n, **given) for n in range(FAILING_OF))
        (folder / "quick" / f"test_quick_{first:03}.py").write_text(source)
    config = CONFIG.format(database=database, receiver=receiver.url)
    config += "".join(SERVICE.format(name=name, url=receiver.url) for name in NAMES)
    config += "".join(SHIPPED.format(name=name) for name in ("sign-in", "class-list", "live-class", "plan-b"))
    config += "".join(QUICK.format(number=n, every="5m" if n % FAILING_OF else "1m") for n in range(JOURNEYS))
    started: list[Watcher] = []
    for number in range(SERVICES):
        own = folder / f"machine-{number}"
        own.mkdir()
        (own / "quick").symlink_to(folder / "quick")
        (own / "firstbell.toml").write_text(config)
        started.append(Watcher(own, moved_clock(own) if number == SERVICES - 1 else {}))
    try:
        for watcher in started:
            watcher.start()
        deadline = time.monotonic() + START_S
        while not all(any(watcher.events("watch.began")) for watcher in started):
            assert time.monotonic() < deadline, "the services did not start in time"
            time.sleep(1)
        yield started
    finally:
        for watcher in started:
            if watcher.process and watcher.process.poll() is None:
                watcher.end(signal.SIGKILL)


def moved_clock(folder: Path) -> dict[str, str]:
    """Returns the environment of a process whose clock is as far off as a file says; empty without the library."""
    if not LIBRARY.exists():
        console().print("no libfaketime here (Debian: libfaketime): the clock is not moved")
        return {}
    move(folder, 0.0)
    settings = {"TIMESTAMP_FILE": str(folder / "clock"), "NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
    fake = {f"FAKETIME_{name}": value for name, value in settings.items()}
    return fake | {"LD_PRELOAD": str(LIBRARY), "NO_FAKE_STAT": "1"}


def move(folder: Path, seconds: float) -> None:
    """Moves the clock of a service: by a whole file, for it is read at any time."""
    (folder / "clock.new").write_text(f"{seconds:+.0f}\n")
    (folder / "clock.new").rename(folder / "clock")


def all_of_postgres(number: signal.Signals) -> None:
    """Sends a signal to each process of our own PostgreSQL."""
    for process in psutil.process_iter(["name", "ppid"]):
        is_server = process.info["name"] == "postgres" and "firstbell-pg-" in " ".join(process.cmdline())
        for one in [process, *process.children(recursive=True)] if is_server else ():
            one.send_signal(number)


def disturb(running: list[Watcher], minutes: float, seed: int) -> Counter[str]:
    """Kills, moves the clock and freezes the database until the time is over. Returns how often each was done."""
    moments, done = random.Random(seed), Counter[str]()  # noqa: S311  # no secret
    turns = itertools.cycle(moments.sample(running, len(running)))
    began, length = time.monotonic(), minutes * 60
    plan = [(at * length, "clock", by) for at, by in CLOCK_S.items()]
    plan += [(FREEZE_AT * length, "freeze", 0.0), (FREEZE_AT * length + FROZEN_S, "thaw", 0.0)]
    plan += [(n * KILL_EVERY_S, "kill", 0.0) for n in range(1, int(length / KILL_EVERY_S))]
    for at, what, by in sorted(plan):
        time.sleep(max(0.0, began + at - time.monotonic()))  # Not a wait: the times are the trial.
        match what:
            case "clock":
                move(running[-1].folder, by)
            case "freeze" | "thaw":
                all_of_postgres(signal.SIGSTOP if what == "freeze" else signal.SIGCONT)
            case _:
                killed = next(turns)
                killed.end(signal.SIGKILL)
                killed.start()
        done[what] += 1
    time.sleep(max(0.0, began + length - time.monotonic()))
    return done


def settle(running: list[Watcher], database: Database) -> None:
    """Stops the services, and lets one end what killed ones left: slots that run, and notices."""
    for watcher in running:
        code, last = watcher.end(signal.SIGTERM), watcher.logs[-1].read_text().splitlines()[-1:]
        console().print(f"a stopped service ended with {code}: {last}", markup=False)
    running[0].start()
    left = """SELECT (SELECT count(*) FROM slots WHERE state = 'running')
        + (SELECT count(*) FROM notifications WHERE state = 'waiting')"""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        time.sleep(2)
        with database.read() as connection:
            if not connection.execute(text(left)).scalar_one():
                break
    running[0].end(signal.SIGTERM)


@dataclass
class Accounts:
    """Figures of the trial; `wrong` has a line for each that is not as it must be."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, value: object, *, is_right: bool = True) -> None:
        """Adds a figure."""
        self.rows.append((name, str(value)))
        if not is_right:
            self.wrong.append(f"{name}: {value}")


def account_for(running: list[Watcher], connection: Connection, receiver: Receiver) -> Accounts:
    """Compares the logs and the receiver, which no kill can change, with the tables."""
    accounts = Accounts()
    began = {event["run_id"]: event["journey"] for watcher in running for event in watcher.events("run.began")}
    runs = connection.execute(text("SELECT id, journey, due_at, outcome, flaky FROM runs")).all()
    slots = connection.execute(text("SELECT journey, due_at, state, why, run_id FROM slots")).all()
    _runs(accounts, began, runs, [slot for slot in slots if slot.why == MissedReason.ABANDONED])
    ids, played = (
        {row.id for row in runs},
        [slot.run_id for slot in slots if slot.state in {SlotState.RAN, SlotState.LATE}],
    )
    accounts.add("slots without a run of their own", n := len(played) - len(set(played) & ids), is_right=not n)
    states = Counter(slot.state for slot in slots)
    accounts.add("slots by state", dict(states), is_right=not states[SlotState.RUNNING])
    accounts.add("missed by reason", dict(Counter(slot.why for slot in slots if slot.state == SlotState.MISSED)))
    _days(accounts, connection, runs, states)
    _notices(accounts, connection, receiver)
    return accounts


def _runs(accounts: Accounts, began: dict[str, str], runs: Rows, cut: Rows) -> None:
    lost = Counter(journey for run, journey in began.items() if run not in {row.id for row in runs})
    unsaid = lost - Counter(slot.journey for slot in cut)
    accounts.add("runs that began (by the logs)", len(began), is_right=len(began) > 0)
    accounts.add("of these recorded", len(began) - lost.total())
    accounts.add("of these cut, and their slots say so", (lost - unsaid).total())
    accounts.add("of these lost", unsaid.total(), is_right=not unsaid)
    accounts.add("recorded runs that no log knows", n := len({row.id for row in runs} - set(began)), is_right=not n)
    accounts.add("slots played twice", n := len(runs) - len({(r.journey, r.due_at) for r in runs}), is_right=not n)


def _days(accounts: Accounts, connection: Connection, runs: Rows, states: Counter[str]) -> None:
    columns = (*ENDS, "missed", "skipped")
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in columns)
    days = {name: int(n) for name, n in connection.execute(text(f"SELECT {sums} FROM days")).one()._mapping.items()}
    rows = Counter("flaky" if row.flaky else row.outcome for row in runs)
    rows |= {name: states[name] for name in ("missed", "skipped")}
    accounts.add("day figures", days, is_right=days == {name: rows[name] for name in columns})


def _notices(accounts: Accounts, connection: Connection, receiver: Receiver) -> None:
    rows = connection.execute(text("SELECT key, state FROM notifications")).all()
    heard = Counter({name.lower(): value for name, value in head.items()}["webhook-id"] for head, _ in receiver.posts)
    told = {row.key for row in rows if row.state == DeliveryState.DELIVERED.value}
    accounts.add("notices by state", dict(Counter(row.state for row in rows)), is_right=bool(told))
    accounts.add("delivered, and never heard", n := len(told - set(heard)), is_right=not n)
    accounts.add("heard, and not delivered", n := len(set(heard) - told), is_right=not n)
    accounts.add("heard twice", n := sum(count > 1 for count in heard.values()), is_right=not n)


@click.command()
@click.option("--minutes", type=click.FloatRange(2), default=10, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(minutes: float, seed: int) -> None:
    """Run the trial, and print the accounts."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended early"))  # Nothing of it is left.
    with tempfile.TemporaryDirectory() as folder, Postgres() as server, http_receiver() as receiver:
        database = Database(server.url)
        with watchers(Path(folder), server.url, receiver) as running:
            try:
                done = disturb(running, minutes, seed)
            finally:
                all_of_postgres(signal.SIGCONT)
            settle(running, database)
            with database.read() as connection:
                accounts = account_for(running, connection, receiver)
        database.close()
    table = Table(f"{minutes:g} minutes, seed {seed}", ", ".join(f"{n} {what}" for what, n in done.items()), box=None)
    for row in accounts.rows:
        table.add_row(*row)
    console().print(table)
    for line in accounts.wrong:
        console().print(f"wrong: {line}", style="failed")
    raise SystemExit(1 if accounts.wrong else 0)


if __name__ == "__main__":
    main()
