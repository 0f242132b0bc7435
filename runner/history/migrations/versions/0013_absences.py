"""Slots that were due in an absence of days: one row for each journey and day, not one for each slot."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of absences."""
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
        if_not_exists=True,
    )
    op.create_index("ix_absences_location_until", "absences", ["location", "until"], if_not_exists=True)
