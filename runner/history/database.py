"""The database of history: opened with the current schema, and set up to be shared by several processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from firstbell.errors import FirstBellError
from firstbell.private_files import close_to_others, private_file, private_folder
from firstbell.runner.history.refusal import is_refusal
from firstbell.runner.history.storable import json_text, storable

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_S = 15
CONNECT_S = 5
STATEMENT_S = 60
# A process that is frozen inside a transaction loses it before those that wait for its locks give up, and all of this
# happens within a slot's lease.
IDLE_IN_TRANSACTION_S = 20
LOCK_S = 30
_KEEPALIVES: Mapping[str, int] = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
# Arbitrary numbers that are the same in every process (PostgreSQL, "Advisory Locks").
MIGRATION_LOCK = 0x46425F31
EXCLUSIVE_LOCK = 0x46425F32
_MIGRATIONS = Path(__file__).parent / "migrations"


class HistoryError(FirstBellError):
    """History cannot be read or written; the message names the database and what to do."""


class HistoryRefused(HistoryError):
    """History can be used and refuses a value; trying again changes nothing. The message says what was refused."""


def database_url(text: str) -> URL:
    """Parses the URL of a database. Raises HistoryError."""
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise HistoryError("history.url is not a database URL; use sqlite:/// or postgresql+psycopg://") from None


def open_database(url: str | URL) -> Engine:
    """Opens a database and brings its schema up to date. Raises HistoryError."""
    parsed = database_url(url) if isinstance(url, str) else url
    try:
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            _make_private(Path(parsed.database))
        connect_args = postgresql_args() if parsed.get_backend_name() == "postgresql" else {}
        engine = create_engine(parsed, pool_pre_ping=True, connect_args=connect_args, json_serializer=json_text)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        message = (
            f"history.url: this kind of database is not supported ({error}); use sqlite:/// or postgresql+psycopg://"
        )
        raise HistoryError(message) from None
    except OSError as error:
        raise HistoryError(
            f"history.url: {error.filename} cannot be created ({error.strerror}); name another path"
        ) from None
    event.listen(engine, "before_cursor_execute", _make_storable, retval=True)
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    try:
        with _file_lock(parsed), engine.begin() as connection:
            _migrate(connection)
    except DBAPIError as error:
        engine.dispose()
        raise history_error_of(engine, error) from None
    except HistoryError:
        engine.dispose()
        raise
    return engine


def _make_private(file: Path) -> None:
    """Creates a missing file for its owner alone; SQLite gives the same mode to the files that it keeps beside it."""
    if not file.parent.exists():
        private_folder(file.parent)
    for name in ("", "-wal", "-shm") if file.exists() else ():
        close_to_others(file.with_name(f"{file.name}{name}"))
    private_file(file)


def postgresql_args(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Returns the limits of a connection, at both ends, and more options of its session: neither a server that is gone
    nor another client may block a thread for ever (libpq, "Parameter Key Words"; PostgreSQL, "Client Connection
    Defaults")."""
    limits = {
        "statement_timeout": f"{STATEMENT_S * 1000:.0f}",
        "lock_timeout": f"{LOCK_S * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S * 1000:.0f}",
        **{f"tcp_{name}": str(value) for name, value in _KEEPALIVES.items()},
        **more,
    }
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return {"connect_timeout": CONNECT_S, "tcp_user_timeout": 30_000, "options": options, **_KEEPALIVES}


@contextmanager
def _file_lock(url: URL) -> Iterator[None]:
    """Locks an SQLite file while it is created or migrated: the switch to WAL fails instead of waiting."""
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    lock = _open_lock(url)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _open_lock(url: URL) -> int:
    try:
        return os.open(f"{url.database}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise HistoryError(
            f"history at {url} cannot be created ({error.strerror}); name another path in history.url"
        ) from None


def history_error_of(engine: Engine, error: DBAPIError | PoolTimeout) -> HistoryError:
    """Returns the error of a database as one sentence, without the statement and its values."""
    where = engine.url.render_as_string(hide_password=True)
    orig = error.orig if isinstance(error, DBAPIError) else "no connection was free in time"
    reason = next(iter(str(orig).strip().splitlines()), type(error).__name__)
    if is_refusal(error):
        return HistoryRefused(f"history at {where} refuses a value ({reason}); shorten or correct it")
    return HistoryError(f"history at {where} cannot be used ({reason}); check its permissions and history.url")


def _make_storable(
    _connection: Connection, _cursor: object, statement: str, parameters: Any, _context: object, _many: object
) -> tuple[str, Any]:
    """Cleans the values of every statement: text of pages enters by many ways."""
    return statement, storable(parameters)


def _set_up_sqlite(connection: object, _entry: ConnectionPoolEntry) -> None:
    """Sets SQLite up: readers beside a writer, waiting instead of failing, and foreign keys.

    The driver must not begin transactions by itself: `begin_sqlite` begins them as writers.
    """
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own attribute
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in (f"busy_timeout={BUSY_S * 1000}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_sqlite(connection: Connection) -> None:
    """Takes the write lock at once unless only reading: a reader that turns writer fails instead of waiting."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")


def migrations(connection: Connection | None = None) -> Config:
    """Returns Alembic's configuration, which needs no file."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest_migration() -> str:
    """The revision of today's schema, by the names of its files: Alembic is slow to import."""
    return max(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _migrate(connection: Connection) -> None:
    """Brings the schema up to date, one process at a time; refuses one of a newer First Bell."""
    if connection.dialect.name == "postgresql":
        # An index over a year of runs takes longer, and so does waiting for another process that makes it.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if current == newest_migration():
        return
    from alembic import command  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = migrations(connection)
    known = ScriptDirectory.from_config(config)
    if current is not None and current not in {script.revision for script in known.walk_revisions()}:
        where = connection.engine.url.render_as_string(hide_password=True)
        raise HistoryError(f"history at {where} was written by a newer First Bell ({current}); update this one")
    command.upgrade(config, "head")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One database of history. Reading and writing raise HistoryError when it cannot be used.

    `now` is the clock for leases and due times: PostgreSQL's own, because several machines share it; this machine's for
    SQLite, or the one that a test sets.
    """

    def __init__(self, url: str | URL | Engine, clock: Callable[[], datetime] | None = None) -> None:
        self._engine = url if isinstance(url, Engine) else open_database(url)
        self._clock = clock

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yields a transaction: all of it is written, or nothing."""
        with self._history_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write_exclusively(self) -> Iterator[Connection]:
        """Yields a transaction that excludes other exclusive ones: SQLite has one writer, PostgreSQL takes a lock."""
        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": EXCLUSIVE_LOCK})
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yields a connection for reading, which keeps no writer waiting."""
        with self._history_errors(), self._engine.connect().execution_options(reads=True) as connection:
            yield connection

    def now(self, connection: Connection) -> datetime:
        """Returns the time in UTC."""
        if self._clock is None and connection.dialect.name == "postgresql":
            server_time: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return server_time.astimezone(UTC)
        return (self._clock or _utc_now)()

    @contextmanager
    def _history_errors(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            raise history_error_of(self._engine, error) from None
        except (StatementError, UnicodeError, OverflowError) as error:
            reason = error.orig if isinstance(error, StatementError) else error
            raise HistoryRefused(f"history cannot store this ({type(reason).__name__}: {reason}); correct it") from None
