"""Measures history queries and the cost of a slot at 50 thousand, 500 thousand and 5 million runs.

    .venv/bin/python -m benchmarks.year [--database sqlite|postgres] [--most 5000000]

50 journeys every 5 minutes are 5.3 million runs a year. The rows are written straight into the tables (one in a hundred
fails, one in a hundred is flaky, one slot in a hundred is missed; the last 30 days have their steps). Then each query
runs as the commands run it: the median of several repeats, in milliseconds, on a warm cache. The benchmark starts
PostgreSQL itself, in a temporary folder.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.progress import Progress
from rich.table import Table as ResultTable
from sqlalchemy import Connection, Table, create_engine, insert, text

from firstbell.runner.cli.console import console
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.history.daily_figures import DailyFigures
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.history.tables.runs import attempts, days, planned, runs, slots, steps
from firstbell.runner.schedule.slots import Due, Phase
from tests.support.servers import Postgres

SIZES = (50_000, 500_000, 5_000_000)
JOURNEYS = tuple(f"journey-{number:02}" for number in range(50))
EVERY = timedelta(minutes=5)
STEPS_KEPT = timedelta(days=30)
ZONE = ZoneInfo("America/New_York")
BATCH_ROWS = 20_000
REPEATS = 7
LIMIT_MS = 200.0
SLOT_NUMBERS = itertools.count()


def outcome_of(number: int) -> tuple[str, bool]:
    """Returns the outcome of a run by its number, and whether it was flaky."""
    return ("failed", False) if number % 97 == 0 else ("passed", number % 101 == 0)


def rows(first: int, last: int, total: int, end: datetime) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Yields the rows of the runs from `first` to `last`; `total` is the number of the latest run."""
    for number in range(first, last):
        journey = JOURNEYS[number % len(JOURNEYS)]
        at = end - EVERY * ((total - number) // len(JOURNEYS) + 1)
        name = f"{at:%Y%m%d-%H%M%S}-{number:06x}"
        outcome, flaky = outcome_of(number)
        common = {"journey": journey, "location": "here", "due_at": at}
        yield runs, common | {
            "id": name, "tail": name[::-1], "started_at": at, "took_s": 4.2, "outcome": outcome, "flaky": flaky,
            "actor": "", "step": "", "service": "", "owner": "", "said": "", "evidence": "x", "version": "0.1.0",
            "groups": "", "note": "",
        }  # fmt: skip
        missed = number % 103 == 0
        yield slots, common | {
            "phase": "in class", "state": "missed" if missed else "ran", "run_id": name, "why": "", "owner": "x",
            "fence": 1,
        }  # fmt: skip
        if end - at < STEPS_KEPT and number % 10 == 0:
            yield attempts, {
                "run_id": name, "number": 1, "started_at": at, "took_s": 4.2, "outcome": outcome, "said": "",
                "browser": "chromium",
            }  # fmt: skip
            for position in range(1, 9):
                yield steps, {
                    "run_id": name, "attempt": 1, "position": position, "actor": "student", "title": f"step {position}",
                    "service": "platform", "started_s": 0.1, "ended_s": 0.6, "ending": "", "said": "",
                }  # fmt: skip


def fill(connection: Connection, first: int, last: int, end: datetime, tick: Callable[[int], None]) -> None:
    """Writes the runs from one number to another, oldest last: larger sizes reach further back."""
    for begin in range(first, last, BATCH_ROWS):
        until = min(begin + BATCH_ROWS, last)
        by_table: dict[Table, list[dict[str, Any]]] = {}
        # Numbered backwards from the end, so that the latest runs are there at every size.
        for table, row in rows(SIZES[-1] - until, SIZES[-1] - begin, SIZES[-1], end):
            by_table.setdefault(table, []).append(row)
        for table, values in by_table.items():
            connection.execute(insert(table), values)
        tick(until - begin)


def fill_days(connection: Connection, size: int, end: datetime) -> None:
    """Writes the daily figures of `size` runs."""
    connection.execute(days.delete())
    reach = (size // len(JOURNEYS)) * EVERY
    first, last = (end - reach).date(), end.date()
    values = [
        {"day": first + timedelta(days=number), "journey": journey, "location": "here", "passed": 282, "flaky": 3,
         "failed": 3, "took_s": 1200.0}
        for number in range((last - first).days + 1)
        for journey in JOURNEYS
    ]  # fmt: skip
    connection.execute(insert(days), values)


def queries(database: Database, end: datetime) -> dict[str, Callable[[], object]]:
    """Returns the queries, as the commands run them."""
    history, figures = RunHistory(database, ZONE), DailyFigures(database)
    service = SlotHistory(database, "here", ZONE)
    policy = ClaimPolicy(owner=this_process(), is_gone=owner_is_gone, grace_s=120, late_after_s=30)
    last = history.recent(1)[0].id
    today = end.date()

    def whole_slot() -> None:
        """Plans, claims and records a slot: the whole cost of a slot in the database."""
        at, number = service.now(), next(SLOT_NUMBERS)
        journey = f"bench-{number}"
        service.plan([Due(at=at, journey=journey, phase=Phase.IN_CLASS)], {journey: at})
        claim = service.claim(policy, lambda _journey, _taken: AccountAllocation(locks=("account",)))
        assert claim is not None
        name = f"{at:%Y%m%d-%H%M%S}-b{number:05}"
        run = RunRow(id=name, journey=journey, location="here", started_at=at, took_s=4.0, outcome="passed",
                     evidence="x", version="0", due_at=at)  # fmt: skip
        history.record(run, claim)

    def leases() -> None:
        service.renew(policy, [])
        service.reap(owner_is_gone)

    return {
        "firstbell runs": lambda: history.recent(20),
        "firstbell runs --journey": lambda: history.recent(20, journeys=["journey-07"]),
        "firstbell runs --outcome failed": lambda: history.recent(20, outcome="failed"),
        "firstbell runs --outcome flaky": lambda: history.recent(20, outcome="flaky"),
        "  ... of a group of ten": lambda: history.recent(20, journeys=JOURNEYS[:10], outcome="failed"),
        "  ... with missed slots": lambda: service.gaps(end - timedelta(hours=1), 5),
        "firstbell show": lambda: history.find(last[-6:]),
        "firstbell uptime, a month": lambda: figures.uptime(today - timedelta(days=30), today),
        "firstbell uptime, a year": lambda: figures.uptime(today - timedelta(days=365), today),
        "firstbell schedule (usual times)": lambda: history.usual_s(JOURNEYS),
        "a slot: plan, claim, record": whole_slot,
        "look up the next due slot": service.next_due,
        "renew and reap leases": leases,
    }


def query_ms(query: Callable[[], object]) -> float:
    """Returns the median time of a query, in milliseconds."""
    query()
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        query()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


@click.command()
@click.option("--database", "kind", type=click.Choice(["sqlite", "postgres"]), default="sqlite", show_default=True)
@click.option("--most", type=int, default=SIZES[-1], show_default=True, help="The largest size to build.")
def main(kind: str, most: int) -> None:
    """Build the history size by size, and run the queries."""
    end = datetime.now(UTC).replace(microsecond=0)
    sizes = [size for size in SIZES if size <= most]
    results: dict[str, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(Postgres()).url if kind == "postgres" else f"sqlite:///{folder}/history.db"
        database = Database(url)
        stack.callback(database.close)
        progress = stack.enter_context(Progress(console=console(), transient=True))
        task, done = progress.add_task(kind, total=sizes[-1]), 0
        engine = create_engine(url)
        stack.callback(engine.dispose)
        for size in sizes:
            with engine.begin() as connection:
                fill(connection, done, size, end, lambda by: progress.advance(task, by))
                fill_days(connection, size, end)
                connection.execute(planned.delete())
            done = size
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
            for name, query in queries(database, end).items():
                results.setdefault(name, []).append(query_ms(query))
    table = ResultTable(box=None, pad_edge=False)
    table.add_column(f"{kind}, ms")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    for name, times in results.items():
        table.add_row(name, *(f"{ms:.1f}" for ms in times))
    console().print(table)
    slowest = max(times[-1] for times in results.values())
    console().print(f"slowest at {sizes[-1]:,} runs: {slowest:.0f} ms, target at most {LIMIT_MS:.0f}")


if __name__ == "__main__":
    main()
