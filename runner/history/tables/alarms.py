"""The tables of incidents and their notices. They are in the database of runs, because a run and the incidents that it
changes are written in one transaction."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false

from firstbell.runner.history.tables.runs import UtcDateTime, metadata

watched = Table(
    "watched",
    metadata,
    Column("track", String(16), primary_key=True),
    Column("journey", String(600), primary_key=True),
    Column("health", JSON, nullable=False),
    Column("incident", Integer, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("subject", String(600), nullable=False),
    Column("opened_at", UtcDateTime(), nullable=False),
    Column("closed_at", UtcDateTime()),
    Column("openings", Integer, nullable=False),
    Column("story", JSON, nullable=False),
    Column("acknowledged_at", UtcDateTime()),
    Column("acknowledged_until", UtcDateTime()),
    Column("acknowledged_by", String(200), nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    Index(None, "closed_at"),
    Index(None, "opened_at"),
)

incident_log = Table(
    "incident_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident", Integer, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("what", String(40), nullable=False),
    Column("why", Text, nullable=False),
    Column("run_id", String(64), nullable=False, server_default=""),
    Index(None, "incident"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(200), nullable=False),
    Column("incident", Integer, nullable=False),
    Column("opening", Integer, nullable=False),
    Column("route", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("address", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("message", JSON, nullable=False),
    Column("picture", Text, nullable=False, server_default=""),
    Column("state", String(12), nullable=False),
    Column("made_at", UtcDateTime(), nullable=False),
    Column("due_at", UtcDateTime(), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("owner", String(120), nullable=False, server_default=""),
    Column("lease_until", UtcDateTime()),
    Column("said", Text, nullable=False, server_default=""),
    Column("delivered_at", UtcDateTime()),
    UniqueConstraint("key"),
    Index(None, "state", "due_at"),
    Index(None, "incident", "opening"),
)

silences = Table(
    "silences",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("made_at", UtcDateTime(), nullable=False),
    Column("until", UtcDateTime(), nullable=False),
    Column("by", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("service", String(80), nullable=False, server_default=""),
    Column("journey", String(80), nullable=False, server_default=""),
    Column("location", String(80), nullable=False, server_default=""),
    Index(None, "until"),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("location", String(80), primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("stopped", Boolean, nullable=False, server_default=false()),
)
