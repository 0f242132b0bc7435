"""The database's own insert, which knows about conflicts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite


def insert_of(connection: Connection) -> Any:
    """`insert` of the dialect that the connection speaks."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
