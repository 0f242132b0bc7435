"""Earlier passes of journeys, so that a test of a failure need not play them first: a new journey blames no service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from firstbell.runner.history.daily_figures import DailyCount, add_count
from firstbell.runner.history.database import Database


def add_earlier_passes(database: Database, journeys: Iterable[str], location: str) -> None:
    """Adds a pass of each journey at a location to the daily figures, on a day long ago."""
    with database.write() as connection:
        for journey in journeys:
            count = DailyCount(day=date(2026, 1, 5), journey=journey, location=location, what="passed")
            add_count(connection, count)
