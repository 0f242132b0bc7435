"""Tells a value that a database refuses, for which trying again changes nothing, from one that cannot be used now."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError, StatementError

# Classes of PostgreSQL's SQLSTATE (its appendix A): cardinality, data, integrity, syntax or types, limits, features.
_REFUSING_CLASSES = frozenset({"21", "22", "23", "42", "54", "0A"})
# Privileges, tables and columns, which a person can restore while the run waits.
_RESTORABLE = frozenset({"42501", "42P01", "42703"})
# Kinds of an error without SQLSTATE: SQLite's, and psycopg's own before anything is sent.
_REFUSING_KINDS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def is_refusal(error: Exception) -> bool:
    """True if the values are refused, such as a text that is too long; false if the database cannot be used now."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, (StatementError, UnicodeError, OverflowError))
    if error.connection_invalidated:
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return state[:2] in _REFUSING_CLASSES and state not in _RESTORABLE
    return isinstance(error, _REFUSING_KINDS)
