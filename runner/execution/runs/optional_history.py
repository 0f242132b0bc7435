"""The past as far as it is at hand: a history that is away costs a diagnosis some facts, never a run its verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from firstbell.runner.diagnosis.facts import OtherJourney
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.history.database import HistoryError

log = structlog.get_logger()
T = TypeVar("T")


class PastRuns(Protocol):
    """What history knows that may explain a failure. May raise HistoryError."""

    def outcome_at(self, journey: str, location: str) -> str:
        """How a journey last went at another location, lately; empty when it did not run there."""

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """How the other journeys last went at this location, lately."""

    def usual_ms(self, location: str, host: str) -> float | None:
        """How long a host usually takes to its first byte from there."""

    def degraded(self, location: str) -> tuple[str, ...]:
        """Hosts that the last check from there reached, and not by every way, in words."""

    def when_well(self, location: str, host: str) -> HostCheck | None:
        """The last check of a host from there that found nothing wrong."""


class OptionalPastRuns:
    """A past that never raises. Made anew for each inquiry.

    Once it is away it is not asked again in that inquiry: each question to a database that is gone without a word takes
    its whole time to connect, and a run has no time for a dozen of those.
    """

    def __init__(self, past: PastRuns) -> None:
        self._past = past
        self._is_away = False

    def outcome_at(self, journey: str, location: str) -> str:
        """As the past has it; empty when it is away."""
        return self._asked(lambda: self._past.outcome_at(journey, location), "")

    def beside(self, journey: str, location: str) -> tuple[OtherJourney, ...]:
        """As the past has it; nothing when it is away."""
        return self._asked(lambda: self._past.beside(journey, location), ())

    def usual_ms(self, location: str, host: str) -> float | None:
        """As the past has it; None when it is away."""
        return self._asked(lambda: self._past.usual_ms(location, host), None)

    def degraded(self, location: str) -> tuple[str, ...]:
        """As the past has it; nothing when it is away."""
        return self._asked(lambda: self._past.degraded(location), ())

    def when_well(self, location: str, host: str) -> HostCheck | None:
        """As the past has it; None when it is away."""
        return self._asked(lambda: self._past.when_well(location, host), None)

    def _asked(self, question: Callable[[], T], unknown: T) -> T:
        if self._is_away:
            return unknown
        try:
            return question()
        except HistoryError as error:
            self._is_away = True
            log.warning("inquiry.no_past", said=str(error))
        except ValueError as error:  # A row that another version of First Bell has written.
            log.warning("inquiry.unreadable_past", said=type(error).__name__)
        return unknown
