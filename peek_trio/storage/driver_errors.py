"""What an error of the database means (it went away, it is full, others were quicker, it was told to stop) and what people are told.

SQLAlchemy wraps the driver's errors and the driver names them by SQLSTATE; everything that decides by an error asks here.
"""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError

from peek_trio.errors import DatabaseUnavailable, StorageFull

__all__ = ["explained", "is_conflict", "is_interruption", "is_misfit", "is_unreachable", "sqlstate_of"]

# Shutting down, crashed, starting up, idle too long, too many connections.
_GONE = {"57P01", "57P02", "57P03", "57P05", "53300"}
_FULL = {"53100", "25006"}  # no room on the disk; writing in a transaction that the server made read-only
_CONFLICT = {"40001", "40P01"}  # serialisation failure, deadlock


def sqlstate_of(error: BaseException) -> str | None:
    """The five characters by which PostgreSQL names an error; None when the error did not come from it."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return original.sqlstate if isinstance(original, psycopg.Error) else None


def is_unreachable(error: BaseException) -> bool:
    """Whether `error` says that the database cannot be reached or has gone away, rather than that it was asked for something wrong."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or state in _GONE


def is_interruption(error: BaseException) -> bool:
    """Whether `error` says that a statement was cancelled on request."""
    return sqlstate_of(error) == "57014"


def is_conflict(error: BaseException) -> bool:
    """Whether `error` says that others worked on the same rows at the same moment, so that doing it again may succeed."""
    return sqlstate_of(error) in _CONFLICT


def is_misfit(error: BaseException) -> bool:
    """Whether `error` says that a value is not one that its column takes, now or ever (class 22, data exception)."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(original, psycopg.DataError)


def explained(error: BaseException, *, read_only: bool = False) -> DatabaseUnavailable | None:
    """The retryable error that callers get in place of the driver's; None when the driver's own is the right one.

    It tells why and not where: people on phones read it. Where is in the log. `read_only` says that the caller had asked for a
    read-only transaction, so that a refusal to write is the caller's own.
    """
    if is_unreachable(error):
        return DatabaseUnavailable(f"The database is not reachable: {_why(error)}.")
    state = sqlstate_of(error)
    if state in _FULL and not (read_only and state == "25006"):
        return StorageFull("The database cannot store anything just now, because its disk is full. Reading goes on.")
    return None


def _why(error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    lines = str(original).strip().splitlines() or [type(original).__name__]
    return lines[0].rpartition(" failed: ")[2].removeprefix("FATAL:").strip().removesuffix(".")
