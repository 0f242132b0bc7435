"""The context of a failure from history: results of other journeys and locations, and earlier host checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from firstbell.runner.diagnosis.facts import OtherJourney
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.host_check_text import host_check_text
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.history.tables.runs import runs
from firstbell.runner.outcome import Outcome

# An older run says nothing about now: journeys are minutes apart in school hours.
RECENT = timedelta(minutes=30)
MOST = 40
# Hosts are checked once a minute.
RECENT_CHECK = timedelta(minutes=3)


class StoredPastRuns:
    """Earlier runs and checks in one database. Raises HistoryError when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checks = HostCheckHistory(database)

    def outcome_at(self, journey: str, location: str) -> str:
        """Returns the outcome of a journey's latest recent run at a location; empty if there is none."""
        this = (runs.c.journey == journey) & (runs.c.location == location) & (runs.c.started_at >= _earliest())
        with self._database.read() as connection:
            newest = select(runs.c.outcome).where(this).order_by(runs.c.started_at.desc()).limit(1)
            return connection.execute(newest).scalar() or ""

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """Returns the latest recent run of each other journey at a location."""
        others = (runs.c.journey != journey) & (runs.c.location == location) & (runs.c.started_at >= _earliest())
        columns = (runs.c.journey, runs.c.outcome, runs.c.started_at, runs.c.service)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(others).order_by(runs.c.started_at.desc()).limit(MOST))
            newest = {row.journey: row for row in reversed(rows.all())}
        return tuple(
            OtherJourney(
                journey=row.journey,
                outcome=row.outcome,
                at=row.started_at,
                service=row.service if row.outcome == Outcome.FAILED else "",
            )
            for row in newest.values()
        )

    def usual_ms(self, location: str, host: str) -> float | None:
        """Returns how long a host usually takes to its first byte from a location."""
        return self._checks.recent_median_ms(location, host)

    def degraded(self, location: str) -> tuple[str, ...]:
        """Returns sentences about hosts of the district that the last check from a location reached only in part."""
        now = datetime.now(UTC)
        latest = {check.host: check for check in self._checks.between(location, now - RECENT_CHECK, now)}
        return tuple(
            f"{check.host}: {host_check_text(check)}"
            for check in latest.values()
            if check.service and check.is_degraded
        )

    def when_well(self, location: str, host: str) -> HostCheck | None:
        """Returns the last check of a host from a location that found nothing wrong."""
        return self._checks.latest_well(location, host, datetime.now(UTC))


def _earliest() -> datetime:
    return datetime.now(UTC) - RECENT
