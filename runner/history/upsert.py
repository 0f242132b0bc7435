"""The INSERT of each database's dialect, which can resolve conflicts."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Connection


def insert_of(connection: Connection) -> Any:
    """Returns `insert` of the connection's dialect."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert
