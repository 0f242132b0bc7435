"""Receives progress events of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker


class Reporter(Protocol):
    """Receives the events of a run from its first attempt to its end."""

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """An attempt is about to be played."""

    def heard(self, message: FromWorker) -> None:
        """The worker has sent a message."""

    def ended(self, result: RunResult) -> None:
        """The run is over and its evidence kept."""


class SilentReporter:
    """Ignores all events."""

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Does nothing."""

    def heard(self, message: FromWorker) -> None:
        """Does nothing."""

    def ended(self, result: RunResult) -> None:
        """Does nothing."""
