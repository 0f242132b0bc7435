"""Requests that fail or wait in passing runs, the accounts of runs, and journeys that have never passed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table of harmless requests, and add the columns of runs."""
    op.create_table(
        "harmless_requests",
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("route", sa.String(200), nullable=False),
        sa.Column("effect", sa.String(20), nullable=False),
        sa.Column("waited_s", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("location", "journey", "host", "route", "effect", name="pk_harmless_requests"),
    )
    op.add_column("runs", sa.Column("accounts", sa.JSON()))
    op.add_column("runs", sa.Column("under_construction", sa.Boolean(), nullable=False, server_default=sa.false()))
