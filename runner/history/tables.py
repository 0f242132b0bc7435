"""The tables of history. What they look like in a database is the migrations' affair; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, Column, Dialect, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.types import TypeDecorator

# Names for constraints, so that a later migration can name what it changes on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC. SQLite forgets the zone, so it is put back on the way out."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is a mistake of ours and refused."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be recorded")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """From UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("journey", String(80), nullable=False),
    Column("location", String(80), nullable=False),
    Column("started_at", Moment(), nullable=False),
    Column("took_s", Float, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("step", String(200), nullable=False),
    Column("service", String(80), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("said", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("version", String(32), nullable=False),
    Index(None, "started_at"),
    Index(None, "journey", "started_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment(), nullable=False),
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
