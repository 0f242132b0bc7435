"""Deletes rows in batches, so that no other writer waits for long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, select

from firstbell.runner.history.database import Database

# A write lock of some 20 ms, and then a pause in which others get it.
BATCH_ROWS, PAUSE_S = 1000, 0.02


def delete_where(database: Database, table: Table, criterion: ColumnElement[bool]) -> int:
    """Deletes the rows of a table with a column `id` that meet a criterion, which must hold for good; returns their
    count. They are found before a write lock is taken. Raises HistoryError."""
    deleted = 0
    while True:
        with database.read() as connection:
            found = connection.execute(select(table.c.id).where(criterion).limit(BATCH_ROWS)).scalars().all()
        deleted += delete_values(database, table.c.id, found)
        if len(found) < BATCH_ROWS:
            return deleted
        time.sleep(PAUSE_S)


def delete_values(database: Database, column: Column[Any], values: Sequence[Any]) -> int:
    """Deletes the rows that have one of at most `BATCH_ROWS` values, in one transaction; returns their count. Raises
    HistoryError."""
    if not values:
        return 0
    with database.write() as connection:
        return connection.execute(delete(column.table).where(column.in_(values))).rowcount
