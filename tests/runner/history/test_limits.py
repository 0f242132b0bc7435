"""On PostgreSQL no client that stands still inside a transaction stops the others."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from firstbell.runner.history import database as databases
from firstbell.runner.history.database import Database, HistoryError, HistoryRefused
from tests.support.servers import Postgres


def limits_of(url: str) -> dict[str, str]:
    opened = Database(url)
    names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "tcp_keepalives_idle"]
    with opened.read() as connection:
        found = {name: str(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in names}
    opened.close()
    return found


def test_each_connection_has_limits_at_the_server(postgres: Postgres) -> None:
    assert limits_of(postgres.url) == {
        "statement_timeout": "1min",
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "20s",
        "tcp_keepalives_idle": "15",
    }


def test_a_client_that_stands_still_in_a_transaction_loses_it(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Database(postgres.url)
    monkeypatch.setattr(databases, "IDLE_IN_TRANSACTION_S", 0.5)
    frozen = Database(postgres.url)

    def stand_still() -> None:
        with frozen.write_exclusively() as connection:
            with other.write_exclusively() as waiting:
                assert waiting.execute(text("SELECT 1")).scalar_one() == 1
            connection.execute(text("SELECT 1"))

    with pytest.raises(HistoryError) as raised:
        stand_still()
    assert not isinstance(raised.value, HistoryRefused), "the work of the frozen client is tried again"
    with frozen.write_exclusively():
        pass
    frozen.close()
    other.close()


def test_a_client_that_works_on_for_long_is_not_waited_for_for_ever(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Database(postgres.url)
    monkeypatch.setattr(databases, "LOCK_S", 0.1)
    other = Database(postgres.url)
    with (
        busy.write_exclusively(),
        pytest.raises(HistoryError, match="lock timeout") as raised,
        other.write_exclusively(),
    ):
        pass
    assert not isinstance(raised.value, HistoryRefused)
    busy.close()
    other.close()
