"""Reads the end of a period: "30m" from now, or "15:30" and "2026-12-01 08:00" in the school's time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=365)


def parse_until(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Reads a moment in the future. Raises click.BadParameter."""
    found = _read(text.strip(), zone, now)
    if found is None:
        raise click.BadParameter(f'write "30m", "15:30" or "2026-12-01 08:00", not "{text}"')
    if not now < found <= now + LONGEST:
        raise click.BadParameter("write a moment between now and a year from now")
    return found


def _read(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    if duration := re.fullmatch(r"(\d{1,4})\s*([mhd])", text):
        return now + timedelta(**{_UNITS[duration[2]]: int(duration[1])})
    local = now.astimezone(zone)
    if re.fullmatch(r"\d{1,2}:\d\d", text):
        hour, _, minute = text.partition(":")
        try:
            today = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        except ValueError:
            return None
        return today if today > local else today + timedelta(days=1)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None
