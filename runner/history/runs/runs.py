"""Runs in history: written in one transaction, listed, and found by the end of their id."""

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
from firstbell.runner.history.refusal import is_refusal
from firstbell.runner.history.runs.harmless_requests import write_harmless
from firstbell.runner.history.slots.claims import Claim, RunEnding, end_with_run
from firstbell.runner.history.tables.runs import attempts, proofs, runs, steps
from firstbell.runner.outcome import Outcome

log = structlog.get_logger()

# Runs that are named when an id is ambiguous.
LISTED = 5
# Runs whose median is the usual duration.
MEDIAN_OF = 21
# Sorts after every letter that an id can have.
_LAST = "\x7f"


ObserveRun = Callable[[Connection, RunRow], None]


class NoSuchRun(FirstBellError):
    """No run has that id, or several; the message says what to do."""


class RunHistory:
    """The runs in one database; days are the school's. Every method raises HistoryError when it cannot be used.

    `observe` is called with each run that is written, in its transaction: what follows from a run is written with it.
    """

    def __init__(self, database: Database, zone: ZoneInfo, observe: ObserveRun | None = None) -> None:
        self._database = database
        self._zone = zone
        self._observe = observe

    def record(self, run: RunRow, claim: Claim | None = None) -> None:
        """Writes a run with its attempts, steps and proofs: all of it, or nothing; once, however often it is called.

        With a claim its slot ends in the same transaction. A run whose slot was taken for abandoned meanwhile gets it
        back; each slot counts once. Its verdict raises alarms unless a later run of the journey there is recorded.
        """
        with self._database.write() as connection:
            if claim is not None and _is_written(connection, run):
                return  # The answer to an earlier call was lost.
            ending = end_with_run(connection, claim, run) if claim is not None else RunEnding.IN_TIME
            is_news = ending is RunEnding.IN_TIME or not self._has_later(connection, run)
            _write(connection, run)
            if claim is not None and ending is RunEnding.OVERTAKEN:
                missed_on = claim.due_at.astimezone(self._zone).date()
                back = DailyCount(day=missed_on, journey=run.journey, location=run.location, what="missed", by=-1)
                add_count(connection, back)
            if ending is not RunEnding.WITHOUT_SLOT:
                add_count(connection, self._count(run))
            if is_news:
                self._follow(connection, run)
        if ending is not RunEnding.IN_TIME:
            log.warning("run.overtaken", run_id=run.id, slot=ending.value, is_news=is_news)

    def _follow(self, connection: Connection, run: RunRow) -> None:
        """Writes the consequences of a run that tells the present state."""
        if run.outcome == Outcome.PASSED:
            write_harmless(connection, run.journey, run.location, run.harmless, run.started_at)
        self._observe_safely(connection, run)

    @staticmethod
    def _has_later(connection: Connection, run: RunRow) -> bool:
        later = (runs.c.journey == run.journey) & (runs.c.started_at > run.started_at)
        query = select(runs.c.id).where(later, runs.c.location == run.location)
        return connection.execute(query.limit(1)).first() is not None

    def _observe_safely(self, connection: Connection, run: RunRow) -> None:
        """Calls `observe`. An error in it must not lose the run itself, unless the database cannot be used."""
        if self._observe is None:
            return
        try:
            with connection.begin_nested():
                self._observe(connection, run)
        except HistoryError:
            raise
        except Exception as error:
            if isinstance(error, SQLAlchemyError) and not is_refusal(error):
                raise
            log.exception("run.not_observed", run_id=run.id)

    def _count(self, run: RunRow) -> DailyCount:
        day, what = run.started_at.astimezone(self._zone).date(), "flaky" if run.flaky else run.outcome
        return DailyCount(day=day, journey=run.journey, location=run.location, what=what, took_s=run.took_s)

    def recent(self, limit: int, *, journeys: Collection[str] = (), outcome: str = "") -> list[RunRow]:
        """Returns the latest runs, newest first, without their attempts. `outcome` may be "flaky"."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if journeys:
            query = query.where(runs.c.journey.in_(sorted(journeys)))
        if outcome == "flaky":
            query = query.where(runs.c.outcome == Outcome.PASSED, runs.c.flaky)
        elif outcome:
            query = query.where(runs.c.outcome == outcome)
        with self._database.read() as connection:
            return [_run(row) for row in _rows(connection, query)]

    def usual_s(self, journeys: Collection[str]) -> dict[str, float]:
        """Returns the usual duration of each journey that has run: the median of its latest runs."""
        usual = {}
        with self._database.read() as connection:
            for journey in journeys:
                query = select(runs.c.took_s).where(runs.c.journey == journey).order_by(runs.c.started_at.desc())
                if took := connection.execute(query.limit(MEDIAN_OF)).scalars().all():
                    usual[journey] = statistics.median(took)
        return usual

    def find(self, name: str) -> RunRow:
        """Returns the run with an id, or with that end of an id, with its attempts. Raises NoSuchRun."""
        tail = name.strip().lower()[::-1]
        matches = (runs.c.tail >= tail) & (runs.c.tail < tail + _LAST)
        with self._database.read() as connection:
            found = _rows(connection, select(runs).where(matches).order_by(runs.c.tail).limit(LISTED)) if tail else []
            found.sort(key=lambda row: str(row["id"]), reverse=True)
            if not found:
                raise NoSuchRun(f"no run has the id {name!r}; list them with: firstbell runs")
            if len(found) > 1 and found[0]["id"] != name:
                names = ", ".join(row["id"] for row in found)
                raise NoSuchRun(f"several runs have an id that ends in {name!r} ({names}); give more of the id")
            return _whole(connection, found[0])


def _is_written(connection: Connection, run: RunRow) -> bool:
    same = (runs.c.id == run.id) & (runs.c.started_at == run.started_at) & (runs.c.outcome == run.outcome)
    return connection.execute(select(runs.c.id).where(same)).first() is not None


def _write(connection: Connection, run: RunRow) -> None:
    connection.execute(insert(runs), _columns(runs, run, tail=run.id[::-1]))
    for attempt in run.attempts:
        key = {"run_id": run.id, "attempt": attempt.number}
        connection.execute(insert(attempts), _columns(attempts, attempt, run_id=run.id))
        for step in attempt.steps:
            connection.execute(insert(steps), _columns(steps, step, **key))
        for position, proof in enumerate(attempt.proofs, start=1):
            connection.execute(insert(proofs), _columns(proofs, proof, position=position, **key))


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


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    rows: list[RowMapping] = list(connection.execute(query).mappings())
    return [dict(row) for row in rows]


def _columns(table: Table, row: RunRow | AttemptRow | StepRow | ProofRow, **more: object) -> dict[str, object]:
    """Returns the values of a row for which its table has a column, truncated to the width of the column.

    Titles of steps come from journeys and may be long; SQLite takes any length, and PostgreSQL refuses the row.
    """
    return {name: _truncated(table, name, value) for name, value in (asdict(row) | more).items() if name in table.c}


def _truncated(table: Table, name: str, value: object) -> object:
    width = getattr(table.c[name].type, "length", None)
    return value[:width] if isinstance(value, str) and width else value


def _fields(kind: type, row: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in row.items() if name in names}
