"""The engine: connections that know which unit of work runs on them.

Hooks on every statement note the tables it writes to, stop it when nobody waits for it any more, and tell the log of those that took
long. Between units a connection rests in a pool; one that the server has closed meanwhile is replaced before anybody gets it, and so
are all that were made before one was lost.
"""

from __future__ import annotations

import logging
import re
import select
import time
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.dml import UpdateBase

from peek_trio.storage.foreign_writers import mark_as_ours
from peek_trio.storage.interruptible import Interruption
from peek_trio.storage.urls import connect_options, engine_url

__all__ = ["SLOW_AFTER", "UnderWay", "attend", "open_engine", "without_values"]

log = logging.getLogger(__name__)

SLOW_AFTER = 1.0
"""Seconds after which a statement, or a unit of work, is worth a line in the log."""

_UNDER_WAY = "peek_unit_of_work"
_MADE, _UNUSED = "peek_made", "peek_unused"
_LONGEST_STATEMENT = 1000  # characters of it in the log
_TEXT_IN_SQL = re.compile(r"'(?:[^']|'')*'")


class UnderWay:
    """The unit of work on a connection: what it is called, what it wrote to, and how long its statements take.

    `answered` says that the database has answered something, `committing` that the commit has been sent.
    """

    __slots__ = (
        "_slow_after",
        "_statement_began",
        "answered",
        "began",
        "committing",
        "interruption",
        "name",
        "statements",
        "told_slow",
        "touched",
    )

    def __init__(self, name: str, interruption: Interruption, slow_after: float) -> None:
        self.name = name
        self.interruption = interruption
        self.touched: set[str] = set()
        self.statements = 0
        self.answered = False
        self.committing = False
        self.told_slow = False
        self.began = time.perf_counter()
        self._statement_began = self.began
        self._slow_after = slow_after

    def writes_to(self, *tables: Any) -> None:
        """Notes tables and mapped classes that are written to."""
        for table in tables:
            if isinstance(table, type):
                table = sa.inspect(table).local_table
            # A table that only the platform reads says so, lest every tap on a phone wake every process.
            if isinstance(table, sa.Table) and table.info.get("announce", True):
                self.touched.add(table.fullname)

    def statement_begins(self) -> None:
        """Raises Interrupted when nobody waits for the unit any more."""
        self.interruption.check()
        self.statements += 1
        self._statement_began = time.perf_counter()

    def statement_ends(self, statement: str) -> None:
        """Tells the log if it took long: the statement without its values, which are somebody's data."""
        self.answered = True
        seconds = time.perf_counter() - self._statement_began
        if seconds >= self._slow_after:
            self.told_slow = True
            log.warning("%s: a statement took %.2f s: %s", self.name, seconds, without_values(statement))

    def ends(self) -> None:
        """Tells the log if the unit took long although none of its statements did."""
        seconds = time.perf_counter() - self.began
        if seconds >= self._slow_after and not self.told_slow:
            log.warning(
                "%s: the unit of work took %.2f s, in %d statements; it held a connection all the while.",
                self.name,
                seconds,
                self.statements,
            )


def open_engine(url: str | URL, *, pool_size: int = 8) -> Engine:
    """An engine for `url` (any spelling of a PostgreSQL URL) of at most `pool_size` connections. Connects when first used."""
    engine = sa.create_engine(
        engine_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,  # an error may travel to a device or into a log; what people entered stays out of it
        connect_args=connect_options(),
    )
    freshness = _Freshness()
    event.listen(engine, "connect", freshness.made)
    event.listen(engine, "connect", mark_as_ours)
    event.listen(engine, "checkout", freshness.check)
    event.listen(engine, "invalidate", freshness.lost)
    event.listen(engine, "before_cursor_execute", _statement_begins)
    event.listen(engine, "after_cursor_execute", _statement_ends)
    event.listen(engine, "after_execute", _note_written_table)
    return engine


def attend(connection: sa.Connection, unit: UnderWay | None) -> None:
    """Says which unit of work runs on `connection` from now on; None: none."""
    if unit is None:
        connection.info.pop(_UNDER_WAY, None)
    else:
        connection.info[_UNDER_WAY] = unit


def without_values(statement: str) -> str:
    """A statement for the log, on one line. Its values are placeholders already; texts that were written into it become '…'."""
    return " ".join(_TEXT_IN_SQL.sub("'…'", statement).split())[:_LONGEST_STATEMENT]


class _Freshness:
    """Has the pool make a new connection in place of one that is broken, or that is older than the last loss of another one.

    An idle connection has nothing to read but its end (or a notice, for which a new connection is no great price). Looking costs
    microseconds; SQLAlchemy's own way is a question to the server before every unit of work. What ends one connection (a restart, a
    network that went away) mostly ends all, and the end of some may still be on its way.
    """

    def __init__(self) -> None:
        self._lost = 0.0

    def made(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """A new connection is there. Just made, it is handed out unseen."""
        record.info[_MADE], record.info[_UNUSED] = time.monotonic(), True

    def check(self, connection: psycopg.Connection[Any], record: ConnectionPoolEntry, *_: object) -> None:
        """Raises DisconnectionError for a connection that nobody should get."""
        if record.info.pop(_UNUSED, False):
            return
        if record.info[_MADE] <= self._lost:
            raise DisconnectionError("Another connection of its time has been lost.")
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        if waiting.poll(0):
            raise DisconnectionError("The server has closed this connection.")

    def lost(self, _connection: object, _record: object, why: BaseException | None) -> None:
        """A connection was lost in use, rather than found to be by `check`."""
        if not isinstance(why, DisconnectionError):
            self._lost = time.monotonic()


def _statement_begins(connection: sa.Connection, *_: object) -> None:
    if (unit := _unit_on(connection)) is not None:
        unit.statement_begins()


def _statement_ends(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
    if (unit := _unit_on(connection)) is not None:
        unit.statement_ends(statement)


def _note_written_table(connection: sa.Connection, statement: object, *_: object) -> None:
    if isinstance(statement, UpdateBase) and (unit := _unit_on(connection)) is not None:
        unit.writes_to(statement.table)


def _unit_on(connection: sa.Connection) -> UnderWay | None:
    unit: UnderWay | None = connection.info.get(_UNDER_WAY)
    return unit
