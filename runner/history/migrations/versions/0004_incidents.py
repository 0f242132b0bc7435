"""Incidents, their notices, silences, and heartbeats of locations."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and let runs name a picture and slots remember whether they were weighed."""
    op.add_column("runs", sa.Column("picture", sa.Text(), nullable=False, server_default=""))
    op.add_column("slots", sa.Column("weighed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_slots_weighed_state", "slots", ["weighed", "state"])
    _make_incidents()
    _make_notifications()
    _make_silences_and_heartbeats()


def _make_incidents() -> None:
    op.create_table(
        "watched",
        sa.Column("track", sa.String(16), nullable=False),
        sa.Column("journey", sa.String(600), nullable=False),
        sa.Column("health", sa.JSON(), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("track", "journey", name="pk_watched"),
    )
    op.create_table(
        "incidents",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(600), nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("closed_at", moment),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("story", sa.JSON(), nullable=False),
        sa.Column("acknowledged_at", moment),
        sa.Column("acknowledged_until", moment),
        sa.Column("acknowledged_by", sa.String(200), nullable=False, server_default=""),
        sa.Column("why", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("number", name="pk_incidents"),
    )
    op.create_index("ix_incidents_closed_at", "incidents", ["closed_at"])
    op.create_index("ix_incidents_opened_at", "incidents", ["opened_at"])
    op.create_table(
        "incident_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_incident_log"),
    )
    op.create_index("ix_incident_log_incident", "incident_log", ["incident"])


def _make_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("opening", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("owner", sa.String(120), nullable=False, server_default=""),
        sa.Column("lease_until", moment),
        sa.Column("said", sa.Text(), nullable=False, server_default=""),
        sa.Column("delivered_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint("key", name="uq_notifications_key"),
    )
    op.create_index("ix_notifications_state_due_at", "notifications", ["state", "due_at"])
    op.create_index("ix_notifications_incident_opening", "notifications", ["incident", "opening"])


def _make_silences_and_heartbeats() -> None:
    op.create_table(
        "silences",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("service", sa.String(80), nullable=False, server_default=""),
        sa.Column("journey", sa.String(80), nullable=False, server_default=""),
        sa.Column("location", sa.String(80), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("number", name="pk_silences"),
    )
    op.create_index("ix_silences_until", "silences", ["until"])
    op.create_table(
        "heartbeats",
        sa.Column("location", sa.String(80), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("location", name="pk_heartbeats"),
    )
