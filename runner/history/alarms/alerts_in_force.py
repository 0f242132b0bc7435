"""The alerts in force: the last notice of each open incident that an address has taken."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.routing import NoticeKind
from firstbell.runner.history.alarms.enqueue import MESSAGE
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.alarms import incidents, notifications


def alerts_in_force(database: Database, is_asked: Callable[[str], bool]) -> list[tuple[str, str, Message]]:
    """Returns the address, the key and the message of each alert at the addresses that are asked for. Raises
    HistoryError, or ValidationError if another version has written a message."""
    taken = notifications.c.state == DeliveryState.DELIVERED.value
    still_open = incidents.c.closed_at.is_(None)
    of_open = notifications.join(incidents, incidents.c.number == notifications.c.incident)
    last = (
        select(func.max(notifications.c.id))
        .select_from(of_open)
        .where(taken & still_open)
        .group_by(notifications.c.incident, notifications.c.address)
    )
    query = select(notifications).where(notifications.c.id.in_(last), notifications.c.kind != NoticeKind.CLOSED.value)
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        (row["address"], row["key"], MESSAGE.validate_python(row["message"], strict=False))
        for row in rows
        if is_asked(row["address"])
    ]
