"""Announced maintenance, from the configuration and from the calendars that it names, which are read every hour.

If a calendar cannot be read, its last windows stay, and the error is logged.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from firstbell.runner.app.build_storage import web_access_of
from firstbell.runner.config.load import Config
from firstbell.runner.config.sections.calendar import MaintenanceSection
from firstbell.runner.config.to_schedule import maintenance_of
from firstbell.runner.schedule.ical import Window, windows
from firstbell.runner.schedule.ical_fetch import FeedError, fetch, redacted_source
from firstbell.runner.schedule.maintenance import Maintenance

log = structlog.get_logger()

REREAD_S = 3600.0
TITLES = 10  # Of unreadable events, in the log.
# A window that began before yesterday and still lasts would be a very long one.
BACK, AHEAD = timedelta(days=2), timedelta(days=14)


class MaintenanceWindows:
    """The maintenance windows that are known now. `now_s` is a clock that never jumps, in seconds."""

    def __init__(self, config: Config, now_s: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._now_s = now_s
        self._asked_at_s: dict[str, float] = {}
        self._read: dict[str, Sequence[Window]] = {}

    def follow(self, config: Config) -> None:
        """Takes over a new configuration. Reads no calendar: `refresh` does."""
        self._config = config

    def windows(self) -> Sequence[Maintenance]:
        """Returns all windows. Reads no calendar: `refresh` does."""
        from_calendars = [
            _maintenance(section, window)
            for section in self._config.settings.maintenance
            for window in self._read.get(section.ics, ())
        ]
        return [*maintenance_of(self._config.settings), *from_calendars]

    def refresh(self) -> None:
        """Reads each calendar that was never asked for, or not for `REREAD_S`."""
        config = self._config
        for source in {section.ics for section in config.settings.maintenance if section.ics}:
            now_s = self._now_s()
            if now_s - self._asked_at_s.get(source, -math.inf) < REREAD_S:
                continue
            self._asked_at_s[source] = now_s
            try:
                self._read[source] = _windows(source, config)
            except FeedError as error:
                log.error("maintenance.unreadable", error=str(error))


def _windows(source: str, config: Config) -> Sequence[Window]:
    now, zone = datetime.now(UTC), ZoneInfo(config.settings.school.timezone)
    data = fetch(source if "://" in source else str(config.folder / source), web_access_of(config))
    found = windows(data, since=now - BACK, until=now + AHEAD, zone=zone)
    if found.unreadable:
        titles = found.unreadable[:TITLES]
        log.error(
            "maintenance.events_unreadable", ics=redacted_source(source), count=len(found.unreadable), titles=titles
        )
    return found.windows


def _maintenance(section: MaintenanceSection, window: Window) -> Maintenance:
    return Maintenance(
        services=section.services,
        start=window.start,
        end=window.end,
        run=section.run,
        why=section.why or window.title,
    )
