"""The tables of runs, slots and figures. Migrations create them in a database; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.types import TypeDecorator

# Names for constraints, so that a later migration can name what it changes on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored in UTC. SQLite does not store the zone, so it is added on reading."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Converts to UTC. Raises ValueError for a time without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Adds the zone, or converts to UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Compared by its bytes on every database, so that an index finds all values that begin with the same letters.
_BY_BYTES = String(64).with_variant(String(64, collation="C"), "postgresql")

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("journey", String(80), nullable=False),
    Column("location", String(80), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("took_s", Float, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("step", String(200), nullable=False),
    Column("service", String(80), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("said", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("version", String(32), nullable=False),
    Column("flaky", Boolean, nullable=False, server_default=false()),
    Column("groups", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("due_at", UtcDateTime()),
    Column("tail", _BY_BYTES, nullable=False, server_default=""),
    Column("picture", Text, nullable=False, server_default=""),
    Column("cause", String(40), nullable=False, server_default=""),
    Column("degraded", Text, nullable=False, server_default=""),
    Column("diagnosis", JSON),
    Column("is_private", Boolean, nullable=False, server_default=false()),
    Column("accounts", JSON),
    Column("under_construction", Boolean, nullable=False, server_default=false()),
    Column("run_json_sha256", String(64), nullable=False, server_default=""),
    Index(None, "started_at"),
    Index(None, "journey", "started_at"),
    Index(None, "journey", "location", "started_at"),
    Index(None, "outcome", "started_at"),
    Index(None, "journey", "outcome", "started_at"),
    Index(None, "tail"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("took_s", Float, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("said", Text, nullable=False),
    Column("browser", String(80), nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("actor", String(80), nullable=False),
    Column("title", String(200), nullable=False),
    Column("service", String(80), nullable=False),
    Column("started_s", Float, nullable=False),
    Column("ended_s", Float, nullable=False),
    Column("ending", String(16), nullable=False),
    Column("said", Text, nullable=False),
)

proofs = Table(
    "proofs",
    metadata,
    Column("run_id", ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("observer", String(80), nullable=False),
    Column("observed", String(80), nullable=False),
    Column("fault", String(40), nullable=False),
    Column("latency_ms", Float),
    Column("frames_per_s", Float),
    Column("figures", JSON, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("journey", String(80), nullable=False),
    Column("location", String(80), nullable=False),
    Column("due_at", UtcDateTime(), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("owner", String(120), nullable=False, server_default=""),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_until", UtcDateTime()),
    Column("run_id", String(64)),
    Column("weighed", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("journey", "location", "due_at"),
    Index(None, "state", "location", "due_at"),
    Index(None, "weighed", "state"),
    Index(None, "location", "due_at"),
)

planned = Table(
    "planned",
    metadata,
    Column("journey", String(80), primary_key=True),
    Column("location", String(80), primary_key=True),
    Column("until", UtcDateTime(), nullable=False),
)

absences = Table(
    "absences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("journey", String(80), nullable=False),
    Column("location", String(80), nullable=False),
    Column("since", UtcDateTime(), nullable=False),
    Column("until", UtcDateTime(), nullable=False),
    Column("slots", Integer, nullable=False),
    Index(None, "location", "until"),
)

turns = Table(
    "turns",
    metadata,
    Column("journey", String(80), primary_key=True),
    Column("location", String(80), primary_key=True),
    Column("number", Integer, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("name", String(250), primary_key=True),
    Column("owner", String(120), nullable=False),
    Column("holder", String(80), nullable=False),
    Column("lease_until", UtcDateTime(), nullable=False),
)

days = Table(
    "days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("journey", String(80), primary_key=True),
    Column("location", String(80), primary_key=True),
    *(
        Column(what, Integer, nullable=False, server_default="0")
        for what in ("passed", "flaky", "failed", "errored", "blind", "missed", "skipped")
    ),
    Column("took_s", Float, nullable=False, server_default="0"),
)

step_days = Table(
    "step_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("journey", String(80), primary_key=True),
    Column("location", String(80), primary_key=True),
    Column("actor", String(80), primary_key=True),
    Column("title", String(200), primary_key=True),
    Column("service", String(80), nullable=False),
    Column("plays", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("median_s", Float, nullable=False),
    Column("p95_s", Float, nullable=False),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(64), nullable=False),
    Column("service", String(80), nullable=False),
    Column("recipient", String(200), nullable=False),
    Column("way", String(20), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("until", UtcDateTime()),
    Column("bag_sha256", String(64), nullable=False),
    Index("ix_handovers_run_id", "run_id"),
)
