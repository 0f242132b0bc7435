"""All tables of history, for migrations and tests."""

from __future__ import annotations

from firstbell.runner.history.tables import alarms, harmless_requests, host_checks
from firstbell.runner.history.tables.runs import metadata

__all__ = ["alarms", "harmless_requests", "host_checks", "metadata"]
