"""Hand-overs of evidence: each disclosure is recorded, and kept as long as history is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select

from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.runs import handovers


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One hand-over. `service` is the service that the evidence was narrowed for, empty for all; `way` is "bag", "link"
    or "hold"; `until` is when access ends, None if it does not."""

    run_id: str
    service: str
    recipient: str
    way: str
    at: datetime
    until: datetime | None
    bag_sha256: str


class HandoverHistory:
    """The hand-overs in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, handover: Handover) -> None:
        """Records a hand-over. Raises HistoryError."""
        with self._database.write() as connection:
            connection.execute(insert(handovers), asdict(handover))

    def recent(self, limit: int) -> list[Handover]:
        """Returns the latest hand-overs, newest first."""
        columns = [handovers.c[name] for name in Handover.__slots__]
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).order_by(handovers.c.id.desc()).limit(limit)).mappings()
            return [Handover(**row) for row in rows]
