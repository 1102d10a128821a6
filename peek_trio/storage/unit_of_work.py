"""A unit of work: one transaction with a SQLAlchemy session, in whichever thread it is called.

It notes the tables that ORM flushes and Core statements write to and announces them with the commit (`peek_trio.storage.changes`).
Textual SQL and COPY cannot be read by us: who writes with them says so with `touch`. This is the synchronous half of
`peek_trio.storage.Database`, and all that a worker's subprocess needs.
"""

from __future__ import annotations

import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage.changes import CHANNEL, Announcement
from peek_trio.storage.interruptible import Interrupted, Interruption
from peek_trio.storage.urls import connect_options, engine_url

__all__ = ["UnitOfWork", "is_interruption", "is_unreachable", "open_engine", "touch", "unavailable", "unit_of_work"]

_TOUCHED = "peek_touched_tables"
_INTERRUPTION = "peek_interruption"


def open_engine(url: str | URL, *, pool_size: int = 8) -> Engine:
    """An engine for `url` (any spelling of a PostgreSQL URL) whose connections note the tables they write to. Connects when first used."""
    engine = sa.create_engine(
        engine_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,  # an error may travel to a device or into a log; what people entered stays out of it
        connect_args=connect_options(),
    )
    event.listen(engine, "checkout", _replace_when_broken)
    event.listen(engine, "before_cursor_execute", _stop_when_interrupted)
    event.listen(engine, "after_execute", _note_written_table)
    return engine


def _replace_when_broken(connection: psycopg.Connection[Any], *_: object) -> None:
    """Has the pool make a new connection in place of one that the server has closed.

    An idle connection has nothing to read but its end (or a notice, for which a new connection is no great price). Looking costs
    microseconds; SQLAlchemy's own way is a question to the server before every unit of work.
    """
    with selectors.PollSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        if selector.select(timeout=0):
            raise DisconnectionError("The server has closed this connection.")


def _stop_when_interrupted(connection: sa.Connection, *_: object) -> None:
    interruption: Interruption | None = connection.info.get(_INTERRUPTION)
    if interruption is not None:
        interruption.check()


def _note_written_table(connection: sa.Connection, statement: object, *_: object) -> None:
    if isinstance(statement, UpdateBase):
        _note(connection, statement.table)


def _note(connection: sa.Connection, *tables: Any) -> None:
    touched: set[str] = connection.info.setdefault(_TOUCHED, set())
    for table in tables:
        # A table that only the platform reads says so, lest every tap on a phone wake every process.
        if isinstance(table, sa.Table) and table.info.get("announce", True):
            touched.add(table.fullname)


def touch(session: Session, *tables: type | sa.Table) -> None:
    """Says that `session` writes to `tables` (mapped classes or tables) in a way that cannot be seen: textual SQL, COPY, a DB function."""
    for table in tables:
        _note(session.connection(), table if isinstance(table, sa.Table) else sa.inspect(table).local_table)


def is_unreachable(error: BaseException) -> bool:
    """Whether `error` says that the database cannot be reached or has gone away, rather than that it was asked for something wrong."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    if not isinstance(error, psycopg.OperationalError):
        return False
    # 08: connection exceptions; 57P01-57P03: shutting down, crashed, starting up; 53300: too many connections.
    state = error.sqlstate
    return state is None or state.startswith("08") or state in {"57P01", "57P02", "57P03", "53300"}


def is_interruption(error: BaseException) -> bool:
    """Whether `error` says that a statement was cancelled on request."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(original, psycopg.errors.QueryCanceled)


def unavailable(error: BaseException) -> DatabaseUnavailable:
    """The DatabaseUnavailable that tells why, and not where: people on phones read it. Where is in the log."""
    original = error.orig if isinstance(error, DBAPIError) else error
    lines = str(original).strip().splitlines() or [type(original).__name__]
    why = lines[0].rpartition(" failed: ")[2].removeprefix("FATAL:").strip()
    return DatabaseUnavailable(f"The database is not reachable: {why.removesuffix('.')}.")


class UnitOfWork:
    """How one unit of work went. `touched` is, after the commit, the tables it wrote to."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.touched: frozenset[str] = frozenset()


@contextmanager
def unit_of_work(
    engine: Engine, *, origin: str = "", read_only: bool = False, interruption: Interruption | None = None
) -> Iterator[UnitOfWork]:
    """A transaction: begins, commits at the end of the block, rolls back if the block raises.

    With `read_only` the transaction is a read-only one and never commits. Objects stay usable after the commit. `origin` names this
    process in the change feed. Raises DatabaseUnavailable when the database cannot be reached or goes away meanwhile, in which case
    a commit that was under way may or may not have happened; other errors of SQLAlchemy pass as they are.
    """
    interruption = interruption or Interruption()
    try:
        with Session(engine, expire_on_commit=False) as session:
            options = {"postgresql_readonly": True} if read_only else {}
            connection = session.connection(execution_options=options)
            notes = connection.info  # held: a connection that breaks has none
            notes[_TOUCHED] = set()
            notes[_INTERRUPTION] = interruption
            interruption.aim(_driver_connection(connection))
            unit = UnitOfWork(session)
            try:
                yield unit
                if not read_only:
                    unit.touched = _commit(session, origin, interruption)
            finally:
                interruption.release()
                notes.pop(_INTERRUPTION, None)
    except (DBAPIError, psycopg.Error) as error:
        if is_interruption(error) and interruption.requested:
            raise Interrupted from error
        if is_unreachable(error):
            raise unavailable(error) from error
        raise


def _driver_connection(connection: sa.Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _commit(session: Session, origin: str, interruption: Interruption) -> frozenset[str]:
    session.flush()
    touched = frozenset(session.connection().info[_TOUCHED])
    if touched:
        payload = Announcement(origin, touched).to_payload()
        session.execute(sa.select(sa.func.pg_notify(CHANNEL, payload)))
    interruption.check()
    session.commit()
    return touched
