"""Times for people: in the school's zone, with its name."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def clock_text(moment: datetime, zone: ZoneInfo) -> str:
    """Returns a time of day in the school's zone, with the zone's name: "07:46 EDT"."""
    return f"{moment.astimezone(zone):%H:%M} {zone_name(moment, zone)}"


def moment_text(moment: datetime, zone: ZoneInfo) -> str:
    """Returns a day and a time of day: "Mon 31 Aug 07:46 EDT"."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b} {clock_text(moment, zone)}"


def date_text(moment: datetime, zone: ZoneInfo) -> str:
    """Returns a date: "Mon 31 Aug 2026"."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y}"


def span_text(begins: datetime, ends: datetime, zone: ZoneInfo) -> str:
    """Returns the times of day of a span, with the day where it ends on another: "07:46 to 08:12 EDT"."""
    if begins.astimezone(zone).date() != ends.astimezone(zone).date():
        return f"{moment_text(begins, zone)} to {moment_text(ends, zone)}"
    if zone_name(begins, zone) != zone_name(ends, zone):
        return f"{clock_text(begins, zone)} to {clock_text(ends, zone)}"
    return f"{begins.astimezone(zone):%H:%M} to {clock_text(ends, zone)}"


def until_text(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Returns a later moment, with its day where that is not today."""
    is_today = moment.astimezone(zone).date() == now.astimezone(zone).date()
    return clock_text(moment, zone) if is_today else moment_text(moment, zone)


def duration_text(time: timedelta) -> str:
    """Returns a duration in whole minutes, at least one: "26 min", "3 h 05 min"."""
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def zone_name(moment: datetime, zone: ZoneInfo) -> str:
    """Returns the zone's abbreviation; many zones have none but their offset, then named as UTC's: "UTC-03"."""
    name = f"{moment.astimezone(zone):%Z}"
    return f"UTC{name}" if name.startswith(("+", "-")) else name
