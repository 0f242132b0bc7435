"""Another connection that changes rows between the read of a transaction and the update that follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from firstbell.runner.history.database import Database


@contextmanager
def just_before(database: Database, statement: str, act: Callable[[], object]) -> Iterator[None]:
    """Calls `act` once, right before a connection of the database executes a statement that begins so.

    `act` works and commits by another connection. Fails if no such statement was executed.
    """
    waiting = [act]

    def interrupt(_connection: object, _cursor: object, text: str, *_more: object) -> None:
        if waiting and text.startswith(statement):
            waiting.pop()()

    engine = database._engine
    event.listen(engine, "before_cursor_execute", interrupt)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", interrupt)
    assert not waiting, f"nothing began with {statement}"
