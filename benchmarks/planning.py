"""Measures the cost of scheduling: 1,000 journeys every 5 minutes, planned, claimed and recorded for an hour.

    .venv/bin/python -m benchmarks.planning [--journeys 1000] [--workers 4]

The hour runs on a hand-moved clock: the planner runs every 10 seconds as in the service, each worker looks for due
slots once a second, and each of the 12,000 slots is claimed and recorded with its run. Prints processor seconds by
part, as a share of one core over that hour; no journey is played. The journeys follow bells, because such days cost
most to work out.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from firstbell.runner.cli.console import console
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.schedule.bells import ALL_GROUPS, BellSchedule
from firstbell.runner.schedule.calendar import DEFAULT, CalendarRules, SchoolCalendar
from firstbell.runner.schedule.slots import LeadIn, Rhythm, Timetable
from firstbell.runner.watch.planner import Planner
from firstbell.runner.watch.service import LEASES_S, PLAN_S

ZONE = ZoneInfo("America/New_York")
BEGIN = datetime(2026, 8, 31, 14, tzinfo=UTC)
HOUR_S = 3600
TARGET = 0.02


class Meter:
    """Processor seconds by part."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self.times: dict[str, int] = defaultdict(int)

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Counts the processor time of a block."""
        began = time.process_time()
        yield
        self.spent_s[part] += time.process_time() - began
        self.times[part] += 1


def timetable(journeys: int) -> Timetable:
    """Returns a timetable of journeys that follow bells."""
    bells = BellSchedule(
        name="regular", first_bell={ALL_GROUPS: clock_time(8)}, last_bell={ALL_GROUPS: clock_time(15, 30)}
    )
    lead_in = LeadIn(before_bell_s=2700, every_s=120)
    rhythms = [Rhythm(journey=f"journey-{number:04}", every_s=300, lead_in=lead_in) for number in range(journeys)]
    return Timetable(
        rhythms, SchoolCalendar(CalendarRules(zone=ZONE, bells={DEFAULT: "regular"}, schedules={"regular": bells}))
    )


def any_account(_journey: str, _taken: frozenset[str]) -> AccountAllocation:
    """Returns the locks that a live class needs: two people and the class."""
    return AccountAllocation(locks=("teacher", "student", "class"))


def play_an_hour(journeys: int, workers: int, folder: Path, meter: Meter) -> int:
    """Runs the hour second by second. Returns the number of slots that were recorded."""
    now = [BEGIN]
    database = Database(f"sqlite:///{folder}/history.db", lambda: now[0])
    slots, history = SlotHistory(database, "here", ZONE), RunHistory(database, ZONE)
    policy, recorded = ClaimPolicy(owner="me", is_gone=lambda _owner: False, grace_s=120, late_after_s=30), 0
    table = timetable(journeys)
    planner = Planner(slots, lambda: table, grace_s=120)
    jobs: dict[str, tuple[float, Callable[[], object]]] = {
        "plan": (PLAN_S, planner.plan),
        "leases": (LEASES_S, lambda: (slots.renew(policy, []), slots.reap(policy.is_gone))[-1]),
    }
    for second in range(HOUR_S):
        now[0] = BEGIN + timedelta(seconds=second)
        for part, (every_s, job) in jobs.items():
            if second % every_s == 0:
                with meter.measure(part):
                    job()
        for _ in range(workers):
            with meter.measure("look"):
                due = slots.next_due()
        while due is not None and due <= now[0]:
            with meter.measure("claim"):
                claim = slots.claim(policy, any_account)
            if claim is None:
                break
            run = RunRow(
                id=f"{claim.due_at:%Y%m%d-%H%M%S}-{claim.slot:06}", journey=claim.journey, location="here",
                started_at=now[0], took_s=4.0, outcome="passed", evidence="x", version="0", due_at=claim.due_at,
            )  # fmt: skip
            with meter.measure("record"):
                history.record(run, claim)
            recorded += 1
    database.close()
    return recorded


@click.command()
@click.option("--journeys", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=4, show_default=True)
def main(journeys: int, workers: int) -> None:
    """Run the hour, and print its cost."""
    meter = Meter()
    with tempfile.TemporaryDirectory() as folder:
        recorded = play_an_hour(journeys, workers, Path(folder), meter)
    table = Table(box=None, pad_edge=False)
    for column in (f"{journeys} journeys, an hour", "times", "ms each", "of one core"):
        table.add_column(column, justify="left" if column.startswith(str(journeys)) else "right")
    for part, spent_s in meter.spent_s.items():
        each_ms = 1000 * spent_s / meter.times[part]
        table.add_row(part, str(meter.times[part]), f"{each_ms:.2f}", f"{spent_s / HOUR_S:.2%}")
    console().print(table)
    share = sum(meter.spent_s.values()) / HOUR_S
    console().print(f"{recorded} slots recorded; total {share:.2%} of one core, target under {TARGET:.0%}")


if __name__ == "__main__":
    main()
