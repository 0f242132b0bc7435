"""The requests of passing runs that failed or waited, remembered by journey and location."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select

from firstbell.runner.diagnosis.harmless import HarmlessEffect, HarmlessRequest
from firstbell.runner.history.tables.harmless_requests import harmless_requests
from firstbell.runner.history.upsert import insert_of

# A product changes within weeks; a holiday is shorter.
KEPT = timedelta(days=21)
# A slow day must not excuse slowness for weeks. A request that is meant to wait does so every day.
WAIT_KEPT = timedelta(days=1)
# An ordinary page has a handful; a page with random addresses must not fill the table.
MOST = 200


def write_harmless(
    connection: Connection, journey: str, location: str, found: Iterable[HarmlessRequest], at: datetime
) -> None:
    """Remembers the requests of a passing run, and forgets the journey's old ones."""
    table = harmless_requests
    of_journey = (table.c.journey == journey) & (table.c.location == location)
    connection.execute(delete(table).where(of_journey & (table.c.seen_at < at - KEPT)))
    rows = [
        {
            "location": location,
            "journey": journey,
            "host": one.host[:200],
            "route": one.route,
            "effect": one.effect.value,
            "waited_s": one.waited_s,
            "seen_at": at,
        }
        for one in list(found)[:MOST]
    ]
    if rows:
        upsert = insert_of(connection)(table)
        newer = {"waited_s": upsert.excluded.waited_s, "seen_at": upsert.excluded.seen_at}
        connection.execute(
            upsert.on_conflict_do_update(index_elements=[column.name for column in table.primary_key], set_=newer), rows
        )


def read_harmless(connection: Connection, journey: str, location: str) -> tuple[HarmlessRequest, ...]:
    """Returns the remembered requests of a journey at a location, the latest first; late answers of the last day."""
    table = harmless_requests
    of_journey = (table.c.journey == journey) & (table.c.location == location)
    is_late = table.c.effect == HarmlessEffect.WAITED.value
    is_current = ~is_late | (table.c.seen_at >= datetime.now(UTC) - WAIT_KEPT)
    query = select(table).where(of_journey & is_current)
    rows = connection.execute(query.order_by(table.c.seen_at.desc()).limit(MOST)).all()
    return tuple(
        HarmlessRequest(host=row.host, route=row.route, effect=HarmlessEffect(row.effect), waited_s=row.waited_s)
        for row in rows
    )
