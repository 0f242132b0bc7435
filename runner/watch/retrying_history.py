"""Retries the record of a run while history is unavailable, so that a database restart loses no result."""

from __future__ import annotations

import threading
from itertools import count

import structlog

from firstbell.backoff import Backoff
from firstbell.runner.execution.runs.run_journey import RunRecords
from firstbell.runner.history.database import HistoryError
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.slots.claims import Claim

log = structlog.get_logger()

BACKOFF = Backoff(first_s=0.5, longest_s=15.0, spread=(1.0, 1.0))


class RetryingRecords:
    """Records runs, with retries until `give_up` is set; then the error is raised."""

    def __init__(self, history: RunRecords, give_up: threading.Event) -> None:
        self._history = history
        self._give_up = give_up

    def record(self, run: RunRow, claim: Claim | None = None) -> None:
        """Records a run and ends its slot. Raises ClaimLost, and HistoryError once `give_up` is set."""
        for tries in count():
            try:
                self._history.record(run, claim)
            except HistoryError as error:
                if self._give_up.wait(BACKOFF.wait_s(tries)):
                    raise
                log.warning("run.waits_for_history", run_id=run.id, error=str(error))
            else:
                return
