"""Host checks in history: the earlier state of a host, and its usual speed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, insert, select

from firstbell.runner.diagnosis.host_check import WELL, HostCheck
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.host_checks import host_checks

CHECK = TypeAdapter(HostCheck)


class HostCheckHistory:
    """The host checks of one database. Raises HistoryError when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, checks: Iterable[HostCheck], location: str) -> None:
        """Records the checks of one round from a location."""
        rows = [
            {
                "location": location,
                "host": check.host,
                "service": check.service,
                "at": check.at,
                "verdict": check.verdict,
                "first_byte_ms": check.http.first_byte_ms if check.http else None,
                "found": CHECK.dump_python(check, mode="json", exclude_defaults=True),
            }
            for check in checks
        ]
        if rows:
            with self._database.write() as connection:
                connection.execute(insert(host_checks), rows)

    def latest_well(self, location: str, host: str, before: datetime) -> HostCheck | None:
        """Returns the last check before a moment that found nothing wrong: the base for changes."""
        is_well = host_checks.c.verdict == WELL
        found = self._found(_of(location, host) & (host_checks.c.at < before) & is_well, limit=1)
        return found[0] if found else None

    def between(self, location: str, since: datetime, until: datetime, host: str = "") -> list[HostCheck]:
        """Returns the checks from a location between two moments, without the last one, oldest first; of one host or of
        all."""
        here = _of(location, host) if host else host_checks.c.location == location
        found = self._found(here & (host_checks.c.at >= since) & (host_checks.c.at < until))
        return list(reversed(found))

    def recent_median_ms(self, location: str, host: str, n: int = 30, before: datetime | None = None) -> float | None:
        """Returns the usual time of a host to its first byte: the median of its last checks that found nothing wrong;
        None if there are none."""
        criterion = _of(location, host) & (host_checks.c.verdict == WELL) & host_checks.c.first_byte_ms.is_not(None)
        if before is not None:
            criterion &= host_checks.c.at < before
        newest = select(host_checks.c.first_byte_ms).where(criterion).order_by(host_checks.c.at.desc()).limit(n)
        with self._database.read() as connection:
            times_ms: Sequence[float] = connection.execute(newest).scalars().all()
        return statistics.median(times_ms) if times_ms else None

    def _found(self, criterion: ColumnElement[bool], limit: int | None = None) -> list[HostCheck]:
        """Returns checks, newest first."""
        newest = select(host_checks.c.found).where(criterion).order_by(host_checks.c.at.desc()).limit(limit)
        with self._database.read() as connection:
            return [CHECK.validate_python(found) for found in connection.execute(newest).scalars()]


def _of(location: str, host: str) -> ColumnElement[bool]:
    return (host_checks.c.location == location) & (host_checks.c.host == host)
