"""The hash of each run's run.json, so that evidence that was changed in the store is not handed out."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; it is empty for runs of before."""
    op.add_column("runs", sa.Column("run_json_sha256", sa.String(64), nullable=False, server_default=""))
