"""Announced maintenance: what stands in the configuration, and what the calendars it names say this hour.

A calendar that cannot be read keeps what it said last, and is told of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from firstbell.runner.config.load import Config
from firstbell.runner.config.sections.calendar import MaintenanceSection
from firstbell.runner.config.to_schedule import maintenance_of
from firstbell.runner.schedule.ical import windows
from firstbell.runner.schedule.ical_fetch import FeedError, fetch
from firstbell.runner.schedule.maintenance import Maintenance

log = structlog.get_logger()

# A window that began before yesterday and still lasts would be a very long one.
BACK, AHEAD = timedelta(days=2), timedelta(days=14)


class MaintenanceWindows:
    """All windows that are known now."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._read: dict[str, list[Maintenance]] = {}

    def follow(self, config: Config) -> None:
        """Go by another configuration."""
        self._config = config
        self.refresh()

    def windows(self) -> Sequence[Maintenance]:
        """What is announced. Reads nothing: `refresh` has."""
        named = {section.ics for section in self._config.settings.maintenance}
        read = [window for source, found in self._read.items() if source in named for window in found]
        return [*maintenance_of(self._config.settings), *read]

    def refresh(self) -> None:
        """Read the calendars again."""
        for section in self._config.settings.maintenance:
            if section.ics:
                try:
                    self._read[section.ics] = self._windows(section)
                except FeedError as error:
                    log.error("maintenance.unreadable", said=str(error))

    def _windows(self, section: MaintenanceSection) -> list[Maintenance]:
        source, now = section.ics, datetime.now(UTC)
        if "://" not in source:
            source = str(self._config.folder / source)
        zone = ZoneInfo(self._config.settings.school.timezone)
        return [
            Maintenance(
                services=section.services,
                start=window.start,
                end=window.end,
                run=section.run,
                why=section.why or window.title,
            )
            for window in windows(fetch(source), since=now - BACK, until=now + AHEAD, zone=zone)
        ]
