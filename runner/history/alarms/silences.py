"""Silences in history: they suppress notices until a moment, or until a person ends them earlier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from firstbell.errors import FirstBellError
from firstbell.runner.alarms.rules.silence import Silence
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.alarms import silences


class NoSuchSilence(FirstBellError):
    """No silence of that number is in force; the message says what to do."""


def active_silences(connection: Connection, now: datetime) -> list[Silence]:
    """Returns the silences that are in force."""
    rows = connection.execute(select(silences).where(silences.c.until > now).order_by(silences.c.number)).mappings()
    return [Silence(**{name: row[name] for name in Silence.__slots__}) for row in rows]


class SilenceHistory:
    """The silences of one database. Raises HistoryError when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, *, until: datetime, by: str, why: str, **scope: Any) -> Silence:
        """Adds a silence. `scope` is `service`, `journey` and `location`, each left out for all."""
        with self._database.write() as connection:
            values = {"until": until, "by": by, "why": why, **scope}
            row = insert(silences).values(made_at=self._database.now(connection), **values)
            number = connection.execute(row.returning(silences.c.number)).scalar_one()
        return Silence(number=number, **values)

    def end(self, number: int) -> None:
        """Ends a silence now; the notices that it suppressed become due. Raises NoSuchSilence."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            this = (silences.c.number == number) & (silences.c.until > now)
            if connection.execute(update(silences).where(this).values(until=now)).rowcount != 1:
                raise NoSuchSilence(f"no silence {number} is in force; list them with: firstbell silence list")

    def now(self) -> list[Silence]:
        """Returns the silences that are in force."""
        with self._database.read() as connection:
            return active_silences(connection, self._database.now(connection))
