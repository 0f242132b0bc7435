"""Host checks, made once a minute."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of host checks."""
    op.create_table(
        "host_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("host", sa.String(260), nullable=False),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("first_byte_ms", sa.Float()),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_host_checks"),
    )
    op.create_index("ix_host_checks_location_host_at", "host_checks", ["location", "host", "at"])
    op.create_index("ix_host_checks_at", "host_checks", ["at"])
