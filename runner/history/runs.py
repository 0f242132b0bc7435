"""Runs in history: written in one transaction, listed, found by what a person remembers of their name, told whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import URL, ColumnElement, Engine, RowMapping, Table, insert, select
from sqlalchemy.exc import DatabaseError, StatementError

from runner.history.database import HistoryError, open_database, unusable
from runner.history.record import AttemptRow, ProofRow, RunRow, StepRow
from runner.history.tables import attempts, proofs, runs, steps

# Enough to tell apart what a person cannot; more would only scroll by.
LISTED = 5


class NoSuchRun(Exception):
    """No run of that name, or several; the message says what to do."""


class RunHistory:
    """The runs in one database. Every method raises HistoryError when the database cannot be used."""

    def __init__(self, url: str | URL) -> None:
        self._engine: Engine = open_database(url)

    def close(self) -> None:
        """Give the database's connections back."""
        self._engine.dispose()

    def record(self, run: RunRow) -> None:
        """Write a run with all that belongs to it: it is there whole, or not at all."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(runs), _columns(runs, run))
                for attempt in run.attempts:
                    key = {"run_id": run.id, "attempt": attempt.number}
                    connection.execute(insert(attempts), _columns(attempts, attempt, run_id=run.id))
                    for step in attempt.steps:
                        connection.execute(insert(steps), _columns(steps, step, **key))
                    for position, proof in enumerate(attempt.proofs, start=1):
                        connection.execute(insert(proofs), _columns(proofs, proof, position=position, **key))
        except DatabaseError as error:
            raise unusable(self._engine, error) from None
        except (StatementError, UnicodeError) as error:
            raise HistoryError(f"run {run.id} cannot be recorded ({type(error).__name__})") from None

    def recent(self, limit: int, *, journey: str = "", outcome: str = "") -> list[RunRow]:
        """The latest runs, newest first, without their attempts."""
        wanted = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if journey:
            wanted = wanted.where(runs.c.journey == journey)
        if outcome:
            wanted = wanted.where(runs.c.outcome == outcome)
        return [RunRow(**row) for row in self._rows(wanted)]

    def find(self, name: str) -> RunRow:
        """The run of that id, or whose id ends so, with all that belongs to it. Raises NoSuchRun."""
        ends_so = runs.c.id.endswith(name.strip().lower(), autoescape=True)
        found = self._rows(select(runs).where(ends_so).order_by(runs.c.id.desc()).limit(LISTED))
        if not found:
            raise NoSuchRun(f"no run is called {name!r}; list them with: firstbell runs")
        if len(found) > 1 and found[0]["id"] != name:
            names = ", ".join(row["id"] for row in found)
            raise NoSuchRun(f"several runs end in {name!r} ({names}); give more of the name")
        return self._whole(found[0])

    def _whole(self, run: Mapping[str, Any]) -> RunRow:
        rows = self._rows(select(attempts).where(attempts.c.run_id == run["id"]).order_by(attempts.c.number))
        return RunRow(**run, attempts=tuple(self._attempt(row) for row in rows))

    def _attempt(self, row: Mapping[str, Any]) -> AttemptRow:
        def of_this(table: Table) -> list[dict[str, Any]]:
            is_this: ColumnElement[bool] = (table.c.run_id == row["run_id"]) & (table.c.attempt == row["number"])
            return self._rows(select(table).where(is_this).order_by(table.c.position))

        kept = {name: value for name, value in row.items() if name != "run_id"}
        return AttemptRow(
            **kept,
            steps=tuple(StepRow(**_fields(StepRow, found)) for found in of_this(steps)),
            proofs=tuple(ProofRow(**_fields(ProofRow, found)) for found in of_this(proofs)),
        )

    def _rows(self, wanted: Any) -> list[dict[str, Any]]:
        try:
            with self._engine.connect().execution_options(reads=True) as connection:
                rows: list[RowMapping] = list(connection.execute(wanted).mappings())
        except DatabaseError as error:
            raise unusable(self._engine, error) from None
        return [dict(row) for row in rows]


def _columns(table: Table, row: RunRow | AttemptRow | StepRow | ProofRow, **more: object) -> dict[str, object]:
    """What of a row its table has a column for."""
    return {name: value for name, value in (asdict(row) | more).items() if name in table.c}


def _fields(kind: type, row: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in row.items() if name in names}


__all__ = ["HistoryError", "NoSuchRun", "RunHistory"]
