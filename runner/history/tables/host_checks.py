"""The table of host checks, made once a minute, so that a failure can be compared with an earlier state."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table

from firstbell.runner.history.tables.runs import UtcDateTime, metadata

host_checks = Table(
    "host_checks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("location", String(80), nullable=False),
    Column("host", String(260), nullable=False),
    Column("service", String(80), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("verdict", String(40), nullable=False),
    Column("first_byte_ms", Float),
    Column("found", JSON, nullable=False),
    Index(None, "location", "host", "at"),
    Index(None, "at"),
)
