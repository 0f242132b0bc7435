"""History that never raises: an unreachable database costs a diagnosis some facts, never a run its outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from firstbell.runner.diagnosis.facts import JourneyMemory, OtherJourney, PastOutcome
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.history.database import HistoryError

log = structlog.get_logger()
T = TypeVar("T")


class PastRuns(Protocol):
    """History that may explain a failure. May raise HistoryError."""

    def last_at(self, journey: str, location: str) -> PastOutcome | None:
        """Returns a journey's last recent outcome at another location; None if it did not run there."""

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """Returns the last recent outcomes of the other journeys at this location."""

    def memory(self, journey: str, location: str) -> JourneyMemory:
        """Returns what is known of a journey's passing runs at a location."""

    def refused_accounts(self) -> tuple[str, ...]:
        """Returns the accounts that were refused a few minutes ago."""

    def usual_ms(self, location: str, host: str) -> float | None:
        """Returns the usual time to a host's first byte from a location."""

    def degraded(self, location: str) -> tuple[str, ...]:
        """Returns the hosts that the last check reached by some paths and not by all, as text."""

    def when_well(self, location: str, host: str) -> HostCheck | None:
        """Returns the last check of a host that found nothing wrong."""


class OptionalPastRuns:
    """Past runs that never raise. Made anew for each investigation.

    Once the database is unreachable it is not queried again in that investigation: each query would take the full time
    limit of a connection, and a run has no time for a dozen of those.
    """

    def __init__(self, past: PastRuns) -> None:
        self._past = past
        self._is_unreachable = False

    def last_at(self, journey: str, location: str) -> PastOutcome | None:
        """Returns the outcome; None if unknown."""
        return self._query(lambda: self._past.last_at(journey, location), None)

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """Returns the outcomes; none if unknown."""
        return self._query(lambda: self._past.beside(journey, location), ())

    def memory(self, journey: str, location: str) -> JourneyMemory:
        """Returns the memory; an empty one if unknown."""
        return self._query(lambda: self._past.memory(journey, location), JourneyMemory())

    def refused_accounts(self) -> tuple[str, ...]:
        """Returns the accounts; none if unknown."""
        return self._query(self._past.refused_accounts, ())

    def usual_ms(self, location: str, host: str) -> float | None:
        """Returns the milliseconds; None if unknown."""
        return self._query(lambda: self._past.usual_ms(location, host), None)

    def degraded(self, location: str) -> tuple[str, ...]:
        """Returns the texts; none if unknown."""
        return self._query(lambda: self._past.degraded(location), ())

    def when_well(self, location: str, host: str) -> HostCheck | None:
        """Returns the check; None if unknown."""
        return self._query(lambda: self._past.when_well(location, host), None)

    def _query(self, query: Callable[[], T], default: T) -> T:
        if self._is_unreachable:
            return default
        try:
            return query()
        except HistoryError as error:
            self._is_unreachable = True
            log.warning("investigation.no_history", said=str(error))
        except ValueError as error:  # A row written by another version of First Bell.
            log.warning("investigation.unreadable_row", said=type(error).__name__)
        return default
