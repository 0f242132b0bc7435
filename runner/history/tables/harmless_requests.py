"""The table of requests that failed or waited in passing runs: the latest of each kind, by journey and location."""

from __future__ import annotations

from sqlalchemy import Column, Float, String, Table

from firstbell.runner.history.tables.runs import UtcDateTime, metadata

harmless_requests = Table(
    "harmless_requests",
    metadata,
    Column("location", String(80), primary_key=True),
    Column("journey", String(80), primary_key=True),
    Column("host", String(200), primary_key=True),
    Column("route", String(200), primary_key=True),
    Column("effect", String(20), primary_key=True),
    Column("waited_s", Float, nullable=False),
    Column("seen_at", UtcDateTime(), nullable=False),
)
