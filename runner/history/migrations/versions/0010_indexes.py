"""Indexes for what is asked each minute: the last run at a location, and the slots of a location since a moment."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the indexes."""
    columns = ["journey", "location", "started_at"]
    op.create_index("ix_runs_journey_location_started_at", "runs", columns, if_not_exists=True)
    op.create_index("ix_slots_location_due_at", "slots", ["location", "due_at"], if_not_exists=True)
