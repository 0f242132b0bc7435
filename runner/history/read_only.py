"""Opens history to read alone: without a lock for writing, without files of its own, and without permission to write.

A monitor may ask every minute, as a user who can only read. SQLite reads a database in WAL mode beside its writer by
the writer's own files; where there are none, no writer changes the database, and it is read as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from firstbell.runner.history.database import (
    BUSY_S,
    begin_sqlite,
    database_url,
    history_error_of,
    newest_migration,
    open_database,
    postgresql_args,
)
from firstbell.runner.history.tables.schema import metadata


def open_to_read(url: str | URL) -> Engine:
    """Opens a database to read alone. One of an older schema is brought up to date first, which needs permission to
    write; a file that does not exist is an empty history. Raises HistoryError."""
    parsed = database_url(url) if isinstance(url, str) else url
    if parsed.get_backend_name() == "sqlite":
        engine = _open_file(Path(parsed.database)) if parsed.database else open_database(parsed)
    elif parsed.get_backend_name() == "postgresql":
        args = postgresql_args({"default_transaction_read_only": "on"})
        engine = create_engine(parsed, pool_pre_ping=True, connect_args=args)
    else:
        return open_database(parsed)
    try:
        is_current = _revision(engine) == newest_migration()
    except DBAPIError as error:
        engine.dispose()
        raise history_error_of(engine, error) from None
    if is_current:
        return engine
    engine.dispose()
    return open_database(parsed)


def _open_file(file: Path) -> Engine:
    if not file.exists():
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            revision = {"revision": newest_migration()}
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), revision)
        return engine
    has_writer = file.with_name(f"{file.name}-wal").exists()
    return _sqlite(file, {"mode": "ro"} if has_writer else {"immutable": "1"})


def _sqlite(file: Path, query: Mapping[str, str]) -> Engine:
    url = URL.create("sqlite", database=f"file:{quote(str(file.absolute()))}", query={**query, "uri": "true"})
    engine = create_engine(url, connect_args={"timeout": BUSY_S, "isolation_level": None})
    event.listen(engine, "begin", begin_sqlite)
    return engine


def _revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(reads=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
