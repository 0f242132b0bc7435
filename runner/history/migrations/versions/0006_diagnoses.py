"""Whose a failed run is, and why; in what way a run that passed is degraded."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("cause", sa.String(40), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("degraded", sa.Text(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("diagnosis", sa.JSON()))
