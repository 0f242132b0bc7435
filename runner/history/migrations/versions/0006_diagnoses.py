"""Diagnoses of runs: cause and details of a failure, and the degradation of a run that passed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("cause", sa.String(40), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("degraded", sa.Text(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("diagnosis", sa.JSON()))
