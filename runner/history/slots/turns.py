"""The turns of journeys: the one whose last turn is longest ago goes first. A clock can move, so they have numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from firstbell.runner.history.tables.runs import turns
from firstbell.runner.history.upsert import insert_of


def turns_of(connection: Connection, location: str) -> dict[str, int]:
    """Returns the number of each journey's last turn at a location."""
    query = select(turns.c.journey, turns.c.number).where(turns.c.location == location)
    return {row.journey: row.number for row in connection.execute(query)}


def take_turn(connection: Connection, journey: str, location: str, taken: Mapping[str, int]) -> None:
    """Gives a journey the next turn, in the exclusive transaction that has read those that are taken."""
    upsert = insert_of(connection)(turns)
    upsert = upsert.values(journey=journey, location=location, number=max(taken.values(), default=0) + 1)
    later = {"number": upsert.excluded.number}
    connection.execute(upsert.on_conflict_do_update(index_elements=["journey", "location"], set_=later))
