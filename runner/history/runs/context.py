"""The context of a failure from history: results of other journeys and locations, and earlier host checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT
from firstbell.runner.diagnosis.facts import JourneyMemory, OtherJourney, PastOutcome
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.host_check_text import host_check_text
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.harmless_requests import read_harmless
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.history.tables.runs import days, runs
from firstbell.runner.outcome import Outcome

# An older run says nothing about now: journeys are minutes apart in school hours.
RECENT = timedelta(minutes=30)
MOST = 40
# A sign-in that refuses everybody refuses the next journey's account too, and journeys are minutes apart.
REFUSED_RECENTLY = timedelta(minutes=15)
# Hosts are checked once a minute.
RECENT_CHECK = timedelta(minutes=3)


class StoredPastRuns:
    """Earlier runs and checks in one database. Raises HistoryError when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checks = HostCheckHistory(database)

    def last_at(self, journey: str, location: str) -> PastOutcome | None:
        """Returns the outcome of a journey's latest recent run at a location; None if there is none."""
        this = (runs.c.journey == journey) & (runs.c.location == location) & (runs.c.started_at >= _earliest())
        with self._database.read() as connection:
            newest = select(*_OUTCOME).where(this).order_by(runs.c.started_at.desc()).limit(1)
            row = connection.execute(newest).one_or_none()
        return PastOutcome(**_outcome(row)) if row else None

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """Returns the latest recent run of each other journey at a location."""
        others = (runs.c.journey != journey) & (runs.c.location == location) & (runs.c.started_at >= _earliest())
        columns = (runs.c.journey, runs.c.accounts, *_OUTCOME)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(others).order_by(runs.c.started_at.desc()).limit(MOST))
            newest = {row.journey: row for row in reversed(rows.all())}
        return tuple(
            OtherJourney(
                journey=row.journey,
                signed_in=tuple((row.accounts or {}).values()) if row.outcome == Outcome.PASSED else (),
                **_outcome(row),
            )
            for row in newest.values()
        )

    def memory(self, journey: str, location: str) -> JourneyMemory:
        """Returns what is known of a journey's passing runs at a location. The daily figures know it for years."""
        passed = (days.c.journey == journey) & (days.c.location == location) & (days.c.passed + days.c.flaky > 0)
        with self._database.read() as connection:
            has_passed = connection.execute(select(days.c.day).where(passed).limit(1)).first() is not None
            return JourneyMemory(has_passed=has_passed, harmless=read_harmless(connection, journey, location))

    def refused_accounts(self) -> tuple[str, ...]:
        """Returns the accounts that were refused a few minutes ago, at any location."""
        refused = runs.c.cause.in_(sorted(cause.value for cause in OF_ACCOUNT))
        recent = runs.c.started_at >= datetime.now(UTC) - REFUSED_RECENTLY
        query = select(runs.c.actor, runs.c.accounts).where(refused & recent).limit(MOST)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        names = ((row.accounts or {}).get(row.actor, "") for row in rows)
        return tuple(sorted({name for name in names if name}))

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


def journeys_that_passed(database: Database) -> set[str]:
    """Returns the journeys that have ever passed at any location. Raises HistoryError."""
    with database.read() as connection:
        query = select(days.c.journey).where(days.c.passed + days.c.flaky > 0).distinct()
        return set(connection.execute(query).scalars())


_OUTCOME = (runs.c.outcome, runs.c.started_at, runs.c.service, runs.c.cause)


def _outcome(row: Any) -> dict[str, Any]:
    has_failed = row.outcome == Outcome.FAILED
    blamed = {"service": row.service, "cause": row.cause} if has_failed else {}
    return {"outcome": row.outcome, "at": row.started_at, **blamed}


def _earliest() -> datetime:
    return datetime.now(UTC) - RECENT
