"""Retries the record of a run while history is unavailable, so that a database restart loses no result.

A run that history refuses is recorded as errored instead: retries would change nothing, and end its worker's work.
"""

from __future__ import annotations

import threading
from itertools import count

import structlog

from firstbell.backoff import Backoff
from firstbell.runner.execution.runs.run_journey import RunRecords
from firstbell.runner.history.database import HistoryError, HistoryRefused
from firstbell.runner.history.record import RunRow, refused_row
from firstbell.runner.history.slots.claims import Claim

log = structlog.get_logger()

BACKOFF = Backoff(first_s=0.5, longest_s=15.0, spread=(1.0, 1.0))


class RetryingRecords:
    """Records runs, with retries until `give_up` is set; then the error is raised."""

    def __init__(self, history: RunRecords, give_up: threading.Event) -> None:
        self._history = history
        self._give_up = give_up

    def record(self, run: RunRow, claim: Claim | None = None) -> None:
        """Records a run and ends its slot. Raises HistoryRefused if the errored run is refused too, and
        HistoryError once `give_up` is set."""
        is_refused = False
        for tries in count():
            try:
                self._history.record(run, claim)
            except HistoryRefused as refused:
                if is_refused:
                    raise
                log.error("run.refused_by_history", run_id=run.id, outcome=run.outcome, error=str(refused))
                run, is_refused = refused_row(run, f"the run ended as {run.outcome}, but {refused}"), True
            except HistoryError as error:
                if self._give_up.wait(BACKOFF.wait_s(tries)):
                    raise
                log.warning("run.waits_for_history", run_id=run.id, error=str(error))
            else:
                return
