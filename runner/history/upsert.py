"""The database's own insert, which knows about conflicts."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Connection


def insert_of(connection: Connection) -> Any:
    """`insert` of the dialect that the connection speaks."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert
