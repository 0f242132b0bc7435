"""Announced maintenance, from the configuration and from the calendars that it names, which are read every hour.

If a calendar cannot be read, its last windows stay, and the error is logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from firstbell.runner.app.build_storage import web_access_of
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
    """The maintenance windows that are known now."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._read: dict[str, list[Maintenance]] = {}

    def follow(self, config: Config) -> None:
        """Takes over a new configuration, and reads its calendars."""
        self._config = config
        self.refresh()

    def windows(self) -> Sequence[Maintenance]:
        """Returns all windows. Reads no calendar: `refresh` does."""
        sources = {section.ics for section in self._config.settings.maintenance}
        from_calendars = [window for source in sources for window in self._read.get(source, ())]
        return [*maintenance_of(self._config.settings), *from_calendars]

    def refresh(self) -> None:
        """Reads the calendars again."""
        for section in self._config.settings.maintenance:
            if section.ics:
                try:
                    self._read[section.ics] = self._windows(section)
                except FeedError as error:
                    log.error("maintenance.unreadable", error=str(error))

    def _windows(self, section: MaintenanceSection) -> list[Maintenance]:
        source, now = section.ics, datetime.now(UTC)
        if "://" not in source:
            source = str(self._config.folder / source)
        zone = ZoneInfo(self._config.settings.school.timezone)
        data = fetch(source, web_access_of(self._config))
        return [
            Maintenance(
                services=section.services,
                start=window.start,
                end=window.end,
                run=section.run,
                why=section.why or window.title,
            )
            for window in windows(data, since=now - BACK, until=now + AHEAD, zone=zone)
        ]
