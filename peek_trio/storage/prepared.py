"""A statement that is prepared once for a connection, for what is done so often that planning it costs more than doing it.

A plan that is kept knows the tables as they were when it was made. It is made anew every so often, so that one which suited an almost
empty table does not outlive that for long. psycopg forgets all prepared statements of a connection when something is rolled back on it
(`DEALLOCATE ALL`), ours among them; that shows when it is executed, and it is prepared again.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import pq

from peek_trio.storage.one_message import exchange

__all__ = ["PLANNED_FOR", "Prepared"]

PLANNED_FOR = 500
"""How often a statement is executed before it is planned anew."""

Driver = psycopg.Connection[Any]


class Prepared:
    """A statement by its name, with `$1` and so on for its values."""

    def __init__(self, name: bytes, statement: bytes) -> None:
        self._name = name
        self._statement = statement

    def begin_with(self, driver: Driver, memory: MutableMapping[Any, Any], values: bytes) -> pq.abc.PGresult:
        """Begins a transaction with it, both in one message. `values` are literals, "1, 'x'" for two.

        `memory` is what is remembered of the connection, and goes with it (`sqlalchemy.Connection.info`).
        """
        executed: int = memory.get(self, 0)
        if executed % PLANNED_FOR == 0:
            self._prepare(driver)
        memory[self] = executed + 1
        execution = b"execute %b(%b)" % (self._name, values)
        try:
            return exchange(driver, b"begin", execution)
        except psycopg.errors.InvalidSqlStatementName:
            driver.rollback()
            self._prepare(driver)
            return exchange(driver, b"begin", execution)

    def _prepare(self, driver: Driver) -> None:
        with suppress(psycopg.errors.InvalidSqlStatementName):
            exchange(driver, b"deallocate %b" % self._name)
        exchange(driver, b"prepare %b as %b" % (self._name, self._statement))
