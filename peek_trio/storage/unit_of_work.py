"""A unit of work: one transaction with a SQLAlchemy session, in whichever thread it is called.

It notes the tables that ORM flushes and Core statements write to and announces them with the commit (`peek_trio.storage.changes`).
Textual SQL cannot be read by us: who writes with it says so with `touch`. This is the synchronous half of `peek_trio.storage.Database`,
and all that a worker's subprocess needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import pq
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from peek_trio.errors import StorageError
from peek_trio.storage.changes import CHANNEL, Announcement
from peek_trio.storage.driver_errors import explained, is_interruption, is_unreachable
from peek_trio.storage.engine import SLOW_AFTER, UnderWay, attend
from peek_trio.storage.interruptible import Interrupted, Interruption
from peek_trio.storage.one_message import exchange

__all__ = ["UnitOfWork", "driver_of", "notes_of", "touch", "unit_of_work"]

_NOTES = "peek_notes"

Driver = psycopg.Connection[Any]


class UnitOfWork:
    """How one unit of work goes.

    `driver` is the connection below the session, for what the session cannot say; `notes` is what is known of the unit meanwhile.
    `touched` is, after the commit, the tables it wrote to. `seen` is the snapshot that a unit which reads in one sees, as PostgreSQL
    writes it ("xmin:xmax:xip"), else "".
    """

    def __init__(self, session: Session, driver: Driver, notes: UnderWay, origin: str) -> None:
        self.session = session
        self.driver = driver
        self.touched: frozenset[str] = frozenset()
        self.seen = ""
        self.notes = notes
        self._origin = origin
        self._last: list[bytes] = []

    def begin_with(self, statement: bytes) -> pq.abc.PGresult:
        """Begins the transaction with a statement, both in one message."""
        result = exchange(self.driver, b"begin", statement)
        self.notes.answered = True
        return result

    def commit_with(self, statement: bytes) -> None:
        """Has a statement done last of all, in one message with the commit."""
        self._last.append(statement)

    def undo(self) -> None:
        """Undoes all so far and forgets what the session knows; the unit goes on in a new transaction."""
        self.session.rollback()
        self.driver.rollback()  # the session does not know of what went past it
        self.session.expunge_all()
        self.notes.touched.clear()
        self._last.clear()

    def commit(self) -> None:
        """Commits, and announces what was written to.

        Raises StorageError when a statement had failed before and the work went on: PostgreSQL would answer such a commit by
        undoing everything, without a word.
        """
        self.session.flush()
        begun = self.driver.pgconn.transaction_status
        if begun == pq.TransactionStatus.INERROR:
            raise StorageError(
                f"{self.notes.name}: nothing was stored, because a statement had failed and the work went on without it. "
                "Let its error out, or run what may fail within session.begin_nested()."
            )
        if touched := frozenset(self.notes.touched):
            self._last.append(_announcement(self._origin, touched))
        if self._last or begun != pq.TransactionStatus.IDLE:
            first = [b"begin"] if begun == pq.TransactionStatus.IDLE else []
            self.notes.interruption.check()
            self.notes.committing = True
            try:
                exchange(self.driver, *first, *self._last, b"commit")
            except psycopg.Error as error:
                # A constraint that is checked at the commit is SQLAlchemy's to name, as any other.
                raise DBAPIError.instance("COMMIT", None, error, psycopg.Error, hide_parameters=True) from error
        self.session.commit()
        self.touched = touched


@lru_cache(maxsize=1000)
def _announcement(origin: str, touched: frozenset[str]) -> bytes:
    payload = Announcement(origin, touched).to_payload().replace("\\", "\\\\").replace("'", "''")
    return f"select pg_notify('{CHANNEL}', E'{payload}')".encode()


@contextmanager
def unit_of_work(
    engine: Engine,
    *,
    origin: str = "",
    read_only: bool = False,
    one_snapshot: bool = False,
    interruption: Interruption | None = None,
    name: str = "A unit of work",
    slow_after: float = SLOW_AFTER,
) -> Iterator[UnitOfWork]:
    """A transaction: begins, commits at the end of the block, rolls back if the block raises.

    With `read_only` the transaction is a read-only one and never commits; with `one_snapshot` as well, all its statements see the
    database as it was at one moment, and `seen` says which. Objects stay usable after the commit. `origin` names this
    process in the change feed; `name` is what the log calls the unit when it takes longer than `slow_after` seconds. Raises
    DatabaseUnavailable when the database cannot be reached or goes away meanwhile, in which case a commit that was under way may or
    may not have happened, and StorageFull when it has no room; other errors of SQLAlchemy pass as they are.
    """
    interruption = interruption or Interruption()
    notes = UnderWay(name, interruption, slow_after)
    connected = False
    try:
        with engine.connect() as connection:
            connected = True
            driver = driver_of(connection)
            attend(connection, notes)
            interruption.aim(driver)
            try:
                seen = _begin_reading(driver, one_snapshot) if read_only else ""
                with Session(connection, expire_on_commit=False) as session:
                    session.info[_NOTES] = notes
                    unit = UnitOfWork(session, driver, notes, origin)
                    unit.seen = seen
                    yield unit
                    if not read_only:
                        unit.commit()
            finally:
                interruption.release()
                notes.ends()
                if driver.closed:
                    connection.invalidate()
                else:
                    attend(connection, None)
    except (DBAPIError, psycopg.Error) as error:
        if interruption.requested and _ended_on_request(error, notes):
            raise Interrupted from error
        if (plainly := explained(error, read_only=read_only)) is not None:
            plainly.stale = connected and is_unreachable(error) and not (notes.answered or notes.committing)
            raise plainly from error
        raise


def _ended_on_request(error: BaseException, notes: UnderWay) -> bool:
    """Whether a request to stop ended the unit with nothing committed. A commit on a connection that was cut may have happened."""
    return is_interruption(error) or (is_unreachable(error) and not notes.committing)


def _begin_reading(driver: Driver, one_snapshot: bool) -> str:
    if not one_snapshot:
        exchange(driver, b"begin read only")
        return ""
    result = exchange(driver, b"begin isolation level repeatable read, read only", b"select pg_current_snapshot()")
    return (result.get_value(0, 0) or b"").decode()


def touch(session: Session, *tables: type | sa.Table) -> None:
    """Says that `session` writes to `tables` (mapped classes or tables) in a way that cannot be seen: textual SQL, a database function."""
    notes_of(session).writes_to(*tables)


def notes_of(session: Session) -> UnderWay:
    """What is known of the unit of work that `session` belongs to."""
    notes: UnderWay = session.info[_NOTES]
    return notes


def driver_of(connection: sa.Connection) -> Driver:
    """psycopg's connection below SQLAlchemy's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
