"""What history knows that may explain a failure: how other journeys went, other locations, and the hosts before."""

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

# What ran longer ago says nothing about now: journeys are minutes apart in school hours.
LATELY = timedelta(minutes=30)
MOST = 40
# Hosts are looked at once a minute.
CHECKED_LATELY = timedelta(minutes=3)


class StoredPastRuns:
    """The past in one database. Raises HistoryError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checks = HostCheckHistory(database)

    def outcome_at(self, journey: str, location: str) -> str:
        """How a journey last went at a location, lately; empty when it did not run there."""
        this = (runs.c.journey == journey) & (runs.c.location == location) & (runs.c.started_at >= _lately())
        with self._database.read() as connection:
            newest = select(runs.c.outcome).where(this).order_by(runs.c.started_at.desc()).limit(1)
            return connection.execute(newest).scalar() or ""

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """How each other journey last went at a location, lately."""
        others = (runs.c.journey != journey) & (runs.c.location == location) & (runs.c.started_at >= _lately())
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
        """How long a host usually takes to its first byte from a location."""
        return self._checks.recent_median_ms(location, host)

    def degraded(self, location: str) -> tuple[str, ...]:
        """Hosts of the district that the last check from a location reached, and not by every way, in words."""
        now = datetime.now(UTC)
        latest = {check.host: check for check in self._checks.between(location, now - CHECKED_LATELY, now)}
        return tuple(
            f"{check.host}: {host_check_text(check)}"
            for check in latest.values()
            if check.service and check.is_degraded
        )

    def when_well(self, location: str, host: str) -> HostCheck | None:
        """The last check of a host from a location that found nothing wrong."""
        return self._checks.latest_well(location, host, datetime.now(UTC))


def _lately() -> datetime:
    return datetime.now(UTC) - LATELY
