"""Retention of all rows that grow with time, in one call. Runs, incidents and daily figures are kept for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, func, select

from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.history.database import Database
from firstbell.runner.history.retention.batches import delete_where
from firstbell.runner.history.retention.proven_clock import WHY_DOUBTFUL, ClockProof, clock_proof
from firstbell.runner.history.retention.steps import StepThinning
from firstbell.runner.history.tables.alarms import incident_log, incidents, notifications
from firstbell.runner.history.tables.host_checks import host_checks
from firstbell.runner.history.tables.runs import absences, slots
from firstbell.runner.schedule.slot_state import SlotState

log = structlog.get_logger()

# A dozen hosts make some 16 MB a day (measured), and a diagnosis needs only the latest checks.
CHECKS_KEPT = timedelta(days=7)
_ENDED_SLOTS = (SlotState.RAN, SlotState.LATE, SlotState.MISSED, SlotState.SKIPPED)
_ENDED_NOTICES = tuple(
    state.value
    for state in (DeliveryState.DELIVERED, DeliveryState.DROPPED, DeliveryState.DEAD, DeliveryState.PUT_ASIDE)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDays:
    """The days for which steps, and the details of what has ended (slots, notices, logs of incidents), are kept."""

    steps: float
    details: float


class HistoryRetention:
    """Retention in one database; days are the school's. `keep` is called each time: the configuration can change."""

    def __init__(self, database: Database, zone: ZoneInfo, keep: Callable[[], KeepDays]) -> None:
        self._database = database
        self._keep = keep
        self._steps = StepThinning(database, zone, lambda: keep().steps)
        self._was_doubtful = False

    def apply(self) -> int:
        """Deletes old rows in batches, and sums old steps up; returns the count of deleted rows. Deletes nothing by a
        clock that is not proven, and logs that once. Raises HistoryError."""
        proof = clock_proof(self._database)
        if proof is ClockProof.DOUBTFUL and not self._was_doubtful:
            log.warning("retention.held_back", why=WHY_DOUBTFUL)
        self._was_doubtful = proof is ClockProof.DOUBTFUL
        if proof is not ClockProof.PROVEN:
            return 0
        with self._database.read() as connection:
            now = self._database.now(connection)
        old = now - timedelta(days=self._keep().details)
        deleted = self._steps.thin() + delete_where(self._database, host_checks, host_checks.c.at < now - CHECKS_KEPT)
        deleted += sum(delete_where(self._database, slots, ended) for ended in self._ended_slots(old))
        deleted += delete_where(self._database, absences, absences.c.until < old)
        deleted += delete_where(self._database, notifications, _ended_notices(old))
        closed = select(incidents.c.number).where(incidents.c.closed_at < old)
        return deleted + delete_where(self._database, incident_log, incident_log.c.incident.in_(closed))

    def _ended_slots(self, before: datetime) -> Iterator[ColumnElement[bool]]:
        """Yields the conditions of slots that were due before a moment and have ended, as an index finds them."""
        for location in self._locations():
            for state in _ENDED_SLOTS:
                yield (slots.c.state == state) & (slots.c.location == location) & (slots.c.due_at < before)

    def _locations(self) -> Iterator[str]:
        """Yields all locations that have slots, each found by its index: DISTINCT would read all slots."""
        location = ""
        while True:
            query = select(func.min(slots.c.location)).where(slots.c.location > location)
            with self._database.read() as connection:
                found: str | None = connection.execute(query).scalar_one()
            if found is None:
                return
            yield found
            location = found


def _ended_notices(before: datetime) -> ColumnElement[bool]:
    """Returns the condition of notices that wait for nothing, of incidents that were closed before a moment."""
    lasting = incidents.c.closed_at.is_(None) | (incidents.c.closed_at >= before)
    is_of_lasting = select(incidents.c.number).where(incidents.c.number == notifications.c.incident, lasting).exists()
    return (notifications.c.made_at < before) & notifications.c.state.in_(_ENDED_NOTICES) & ~is_of_lasting
