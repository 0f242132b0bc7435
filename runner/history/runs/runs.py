"""Runs in history: written in one transaction, listed, found by what a person remembers of their name, told whole."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, Connection, RowMapping, Table, insert, select
from sqlalchemy.exc import SQLAlchemyError

from firstbell.errors import FirstBellError
from firstbell.runner.history.daily_figures import DailyCount, add_count
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow, StepRow
from firstbell.runner.history.slots.claims import Claim, end_with_run
from firstbell.runner.history.tables.runs import attempts, proofs, runs, steps
from firstbell.runner.outcome import Outcome

log = structlog.get_logger()

# Enough to tell apart what a person cannot; more would only scroll by.
LISTED = 5
LOOKED_AT = 21
# Sorts after every letter that the end of a name can have.
_LAST = "\x7f"


ObserveRun = Callable[[Connection, RunRow], None]


class NoSuchRun(FirstBellError):
    """No run of that name, or several; the message says what to do."""


class RunHistory:
    """The runs in one database; days are the school's. Every method raises HistoryError when it cannot be used.

    `weigh` is given each run that is written, in its transaction: what follows from a run is written with it.
    """

    def __init__(self, database: Database, zone: ZoneInfo, weigh: ObserveRun | None = None) -> None:
        self._database = database
        self._zone = zone
        self._weigh = weigh

    def record(self, run: RunRow, claim: Claim | None = None) -> None:
        """Write a run with all that belongs to it: it is there whole, or not at all.

        With a claim its slot ends in the same transaction. Raises Overtaken, and writes nothing, when the claim no
        longer holds: somebody else has settled that slot.
        """
        with self._database.write() as connection:
            if claim is not None:
                end_with_run(connection, claim, run)
            connection.execute(insert(runs), _columns(runs, run, tail=run.id[::-1]))
            for attempt in run.attempts:
                key = {"run_id": run.id, "attempt": attempt.number}
                connection.execute(insert(attempts), _columns(attempts, attempt, run_id=run.id))
                for step in attempt.steps:
                    connection.execute(insert(steps), _columns(steps, step, **key))
                for position, proof in enumerate(attempt.proofs, start=1):
                    connection.execute(insert(proofs), _columns(proofs, proof, position=position, **key))
            add_count(connection, self._tally(run))
            self._observe(connection, run)

    def _observe(self, connection: Connection, run: RunRow) -> None:
        """Weigh a run. What goes wrong in that, other than in the database, must not cost the verdict itself."""
        if self._weigh is None:
            return
        try:
            with connection.begin_nested():
                self._weigh(connection, run)
        except (SQLAlchemyError, HistoryError):
            raise
        except Exception:
            log.exception("run.not_weighed", run_id=run.id)

    def _tally(self, run: RunRow) -> DailyCount:
        day, what = run.started_at.astimezone(self._zone).date(), "flaky" if run.flaky else run.outcome
        return DailyCount(day=day, journey=run.journey, location=run.location, what=what, took_s=run.took_s)

    def recent(self, limit: int, *, journeys: Collection[str] = (), outcome: str = "") -> list[RunRow]:
        """The latest runs, newest first, without their attempts. `outcome` may be "flaky"."""
        wanted = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if journeys:
            wanted = wanted.where(runs.c.journey.in_(sorted(journeys)))
        if outcome == "flaky":
            wanted = wanted.where(runs.c.outcome == Outcome.PASSED, runs.c.flaky)
        elif outcome:
            wanted = wanted.where(runs.c.outcome == outcome)
        with self._database.read() as connection:
            return [_run(row) for row in _rows(connection, wanted)]

    def usual_s(self, journeys: Collection[str]) -> dict[str, float]:
        """How long each journey usually takes: the median of its latest runs. One that never ran is not in it."""
        usual = {}
        with self._database.read() as connection:
            for journey in journeys:
                wanted = select(runs.c.took_s).where(runs.c.journey == journey).order_by(runs.c.started_at.desc())
                if took := connection.execute(wanted.limit(LOOKED_AT)).scalars().all():
                    usual[journey] = statistics.median(took)
        return usual

    def find(self, name: str) -> RunRow:
        """The run of that id, or whose id ends so, with all that belongs to it. Raises NoSuchRun."""
        tail = name.strip().lower()[::-1]
        ends_so = (runs.c.tail >= tail) & (runs.c.tail < tail + _LAST)
        with self._database.read() as connection:
            found = _rows(connection, select(runs).where(ends_so).order_by(runs.c.tail).limit(LISTED)) if tail else []
            found.sort(key=lambda row: str(row["id"]), reverse=True)
            if not found:
                raise NoSuchRun(f"no run is called {name!r}; list them with: firstbell runs")
            if len(found) > 1 and found[0]["id"] != name:
                names = ", ".join(row["id"] for row in found)
                raise NoSuchRun(f"several runs end in {name!r} ({names}); give more of the name")
            return _whole(connection, found[0])


def _whole(connection: Connection, run: Mapping[str, Any]) -> RunRow:
    rows = _rows(connection, select(attempts).where(attempts.c.run_id == run["id"]).order_by(attempts.c.number))
    return _run(run, attempts=tuple(_attempt(connection, row) for row in rows))


def _run(row: Mapping[str, Any], **more: Any) -> RunRow:
    return RunRow(**_fields(RunRow, row), **more)


def _attempt(connection: Connection, row: Mapping[str, Any]) -> AttemptRow:
    def of_this(table: Table) -> list[dict[str, Any]]:
        is_this: ColumnElement[bool] = (table.c.run_id == row["run_id"]) & (table.c.attempt == row["number"])
        return _rows(connection, select(table).where(is_this).order_by(table.c.position))

    kept = {name: value for name, value in row.items() if name != "run_id"}
    return AttemptRow(
        **kept,
        steps=tuple(StepRow(**_fields(StepRow, found)) for found in of_this(steps)),
        proofs=tuple(ProofRow(**_fields(ProofRow, found)) for found in of_this(proofs)),
    )


def _rows(connection: Connection, wanted: Any) -> list[dict[str, Any]]:
    rows: list[RowMapping] = list(connection.execute(wanted).mappings())
    return [dict(row) for row in rows]


def _columns(table: Table, row: RunRow | AttemptRow | StepRow | ProofRow, **more: object) -> dict[str, object]:
    """What of a row its table has a column for, no longer than the column is wide.

    Titles of steps come from journeys that anybody may write; SQLite takes any length and PostgreSQL refuses the row.
    """
    return {name: _truncated(table, name, value) for name, value in (asdict(row) | more).items() if name in table.c}


def _truncated(table: Table, name: str, value: object) -> object:
    width = getattr(table.c[name].type, "length", None)
    return value[:width] if isinstance(value, str) and width else value


def _fields(kind: type, row: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in row.items() if name in names}
