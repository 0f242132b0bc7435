"""Marks runs with an unexpected person in the class. Older rows say so only by how their message begins."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, and fill it for the runs that are there."""
    op.add_column("runs", sa.Column("is_private", sa.Boolean(), nullable=False, server_default=sa.false()))
    runs = sa.table("runs", sa.column("is_private", sa.Boolean), sa.column("outcome"), sa.column("said"))
    was_private = (runs.c.outcome == "errored") & runs.c.said.like("privacy:%")
    op.execute(runs.update().where(was_private).values(is_private=True))
