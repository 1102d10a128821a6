"""Several statements as one message to the server.

Every answer that a thread waits for costs it two switches of threads besides the way there and back, and a statement through a cursor
costs more processor time here than in PostgreSQL. What begins and ends a unit of work is the same every time, so it travels together:
the first statement with BEGIN, the last ones with COMMIT.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import pq

__all__ = ["exchange", "literal"]

_FINE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}

Driver = psycopg.Connection[Any]


def exchange(driver: Driver, *statements: bytes) -> pq.abc.PGresult:
    """Has the server do `statements` one after the other and returns the result of the last one.

    It stops at the first that fails, which is raised as psycopg's error; the transaction is spoilt then. A lost connection is an
    OperationalError without a SQLSTATE.
    """
    result = driver.pgconn.exec_(b"; ".join(statements))
    if result.status in _FINE:
        return result
    if driver.pgconn.status == pq.ConnStatus.BAD and not result.error_field(pq.DiagnosticField.SQLSTATE):
        raise psycopg.OperationalError(driver.pgconn.get_error_message().strip())
    raise psycopg.errors.error_from_result(result, encoding="utf-8")


def literal(driver: Driver, value: str | bytes) -> bytes:
    """`value` as it stands in a statement: a text, or with bytes a bytea. Raises psycopg.DataError for a text with a zero in it."""
    if isinstance(value, bytes):
        return b"decode('" + value.hex().encode() + b"', 'hex')"
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return pq.Escaping(driver.pgconn).escape_literal(value.encode())
