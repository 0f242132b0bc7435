"""Slots, locks, daily figures, and the columns of runs for them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

moment = sa.DateTime(timezone=True)
by_bytes = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Widen runs, make the new tables."""
    _widen_runs()
    _make_slots()
    _make_days()


def _widen_runs() -> None:
    op.add_column("runs", sa.Column("flaky", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("groups", sa.Text(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("due_at", moment))
    op.add_column("runs", sa.Column("tail", by_bytes, nullable=False, server_default=""))
    runs = sa.table("runs", sa.column("id", sa.String), sa.column("tail", sa.String))
    connection = op.get_bind()
    for (name,) in connection.execute(sa.select(runs.c.id)).all():
        connection.execute(runs.update().where(runs.c.id == name).values(tail=name[::-1]))
    op.create_index("ix_runs_outcome_started_at", "runs", ["outcome", "started_at"])
    op.create_index("ix_runs_journey_outcome_started_at", "runs", ["journey", "outcome", "started_at"])
    op.create_index("ix_runs_tail", "runs", ["tail"])


def _make_slots() -> None:
    op.create_table(
        "slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("phase", sa.String(20), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, server_default=""),
        sa.Column("owner", sa.String(120), nullable=False, server_default=""),
        sa.Column("fence", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lease_until", moment),
        sa.Column("run_id", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_slots"),
        sa.UniqueConstraint("journey", "location", "due_at", name="uq_slots_journey_location_due_at"),
    )
    op.create_index("ix_slots_state_location_due_at", "slots", ["state", "location", "due_at"])
    op.create_table(
        "planned",
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.PrimaryKeyConstraint("journey", "location", name="pk_planned"),
    )
    op.create_table(
        "locks",
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("owner", sa.String(120), nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("lease_until", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_locks"),
    )


def _make_days() -> None:
    counted = ("passed", "flaky", "failed", "errored", "blind", "missed", "skipped")
    op.create_table(
        "days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        *(sa.Column(what, sa.Integer(), nullable=False, server_default="0") for what in counted),
        sa.Column("took_s", sa.Float(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("day", "journey", "location", name="pk_days"),
    )
    op.create_table(
        "step_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("plays", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("median_s", sa.Float(), nullable=False),
        sa.Column("p95_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "journey", "location", "actor", "title", name="pk_step_days"),
    )
