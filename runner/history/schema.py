"""All tables of history, for whoever needs them as a whole: migrations, and tests."""

from __future__ import annotations

from runner.history import alarm_tables, host_tables
from runner.history.tables import metadata

__all__ = ["alarm_tables", "host_tables", "metadata"]
