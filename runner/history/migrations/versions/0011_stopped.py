"""Whether a location was stopped by a person, so that it is not taken for one that has fallen silent."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column."""
    op.add_column("heartbeats", sa.Column("stopped", sa.Boolean, nullable=False, server_default=sa.false()))
