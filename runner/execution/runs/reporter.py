"""Somebody who tells what happens while it happens."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker


class Reporter(Protocol):
    """Hears of a run from its first attempt to its end."""

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """An attempt is about to be played."""

    def heard(self, message: FromWorker) -> None:
        """Something happened in it."""

    def ended(self, result: RunResult) -> None:
        """The run is over and its evidence kept."""


class SilentReporter:
    """Tells nothing."""

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        """Nothing."""

    def heard(self, message: FromWorker) -> None:
        """Nothing."""

    def ended(self, result: RunResult) -> None:
        """Nothing."""
