"""The turn of each journey, so that the one that has waited longest since its last run goes first."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table of turns. A journey without one goes first."""
    op.create_table(
        "turns",
        sa.Column("journey", sa.String(80), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("journey", "location", name="pk_turns"),
        if_not_exists=True,
    )
