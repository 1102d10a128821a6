"""The two ways in which the actions of a batch are worked on: with the ORM, and as plain SQL that is sent without waiting.

An answer from the server costs more than most statements. Plain SQL is queued and sent together, as PostgreSQL's pipelines allow, and
waited for once in a batch, unless a handler asks for a result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.storage.exactly_once import Doubtful, Outcome, Piece, Way, apply_one, apply_several, concerns_all
from peek_trio.storage.one_message import exchange
from peek_trio.storage.unit_of_work import UnitOfWork

__all__ = ["SessionBatches", "Statements", "with_statements"]

H = TypeVar("H")

WARY_FOR = 100
"""Batches that have savepoints from the start after one in which something went wrong."""


class SessionBatches:
    """Applies pieces that want the ORM; see `apply_several`.

    As long as nothing goes wrong, savepoints are of no use, and each costs as much as a small handler: so there are none. When something
    does, nothing is kept, the batch is done again with them, and so are the next ones for a while, since faults rarely come alone.
    """

    def __init__(self) -> None:
        self._wary = 0

    def __call__(self, unit: UnitOfWork, pieces: Sequence[Piece[Session]]) -> list[Outcome]:
        """What became of the pieces. One alone needs no savepoint in any case."""
        if len(pieces) == 1:
            return [apply_one(unit, pieces[0].claim, lambda: pieces[0].work(unit.session))]
        if not self._wary:
            try:
                return apply_several(unit, pieces, _Trusting(unit))
            except Doubtful:
                self._wary = WARY_FOR
                _begin_again(unit)
        self._wary = max(0, self._wary - 1)
        return _quickly_or_carefully(unit, pieces, _WithSession)


def with_statements(unit: UnitOfWork, pieces: Sequence[Piece[Statements]]) -> list[Outcome]:
    """Applies pieces that want plain statements; see `apply_several`."""
    return _quickly_or_carefully(unit, pieces, _WithStatements)


def _quickly_or_carefully(unit: UnitOfWork, pieces: Sequence[Piece[H]], way: Callable[..., Way[H]]) -> list[Outcome]:
    try:
        return apply_several(unit, pieces, way(unit, careful=False))
    except Doubtful:
        _begin_again(unit)
        return apply_several(unit, pieces, way(unit, careful=True))


def _begin_again(unit: UnitOfWork) -> None:
    unit.notes.interruption.check()
    unit.undo()


class _Trusting:
    """Every piece has the session and finds nothing in it of those before. Whatever goes wrong with one is doubtful for all."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._session = unit.session

    @contextmanager
    def together(self) -> Iterator[None]:
        """Nothing around them."""
        yield

    def work(self, piece: Piece[Session]) -> bytes:
        """Does one piece; see `Way`."""
        try:
            result = piece.work(self._session)
            self._session.flush()
        except Exception as error:
            if concerns_all(error):
                raise
            raise Doubtful from error
        self._session.expunge_all()
        return result


class _WithSession:
    """Every piece has the session, in a savepoint of its own, and finds nothing in it of those before.

    The session's own savepoints cost more than a small handler, so the connection is told directly, one message for each piece. A
    flush that fails then takes the whole transaction down, which only the session's own savepoints survive: those are for `careful`.
    """

    def __init__(self, unit: UnitOfWork, *, careful: bool) -> None:
        self._session = unit.session
        self._driver = unit.driver
        self._careful = careful
        self._first = True

    @contextmanager
    def together(self) -> Iterator[None]:
        """Nothing around them."""
        yield

    def work(self, piece: Piece[Session]) -> bytes:
        """Does one piece; see `Way`."""
        try:
            return self._carefully(piece) if self._careful else self._quickly(piece)
        finally:
            self._session.expunge_all()

    def _carefully(self, piece: Piece[Session]) -> bytes:
        with self._session.begin_nested():
            return piece.work(self._session)

    def _quickly(self, piece: Piece[Session]) -> bytes:
        exchange(self._driver, *([] if self._first else [b"release savepoint peek_action"]), b"savepoint peek_action")
        self._first = False
        try:
            result = piece.work(self._session)
            self._session.flush()
        except Exception as error:
            if not self._session.is_active:
                raise Doubtful from error
            if not self._driver.closed:
                exchange(self._driver, b"rollback to savepoint peek_action")
            raise
        return result


class Statements:
    """Plain SQL of a unit of work, without session and ORM. A statement is sent at once and waited for only by who fetches its result."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] | None = None) -> psycopg.Cursor[Any]:
        """Sends one statement; `values` fill its `%s` or `%(name)s`. Fetching from the cursor waits for it and for those before it.

        A statement that fails shows when something is fetched, or at the end; nothing of the action is kept then.
        """
        self._unit.notes.statement_begins()
        return self._unit.driver.execute(sql.encode(), values)

    def touch(self, *tables: type | sa.Table) -> None:
        """Says which tables (or mapped classes) are written to, for whoever follows them."""
        self._unit.notes.writes_to(*tables)


class _WithStatements:
    """Every piece has plain statements. `careful` waits after each, and so knows which one failed; otherwise all are sent together."""

    def __init__(self, unit: UnitOfWork, *, careful: bool) -> None:
        self._driver = unit.driver
        self._statements = Statements(unit)
        self._careful = careful

    @contextmanager
    def together(self) -> Iterator[None]:
        """One pipeline around all, unless careful."""
        if self._careful:
            yield
            return
        try:
            with self._driver.pipeline():
                yield
        except psycopg.Error as error:
            raise Doubtful from error

    def work(self, piece: Piece[Statements]) -> bytes:
        """Does one piece; see `Way`."""
        self._driver.execute(b"savepoint peek_action")
        try:
            if self._careful:
                with self._driver.pipeline():
                    result = piece.work(self._statements)
            else:
                result = piece.work(self._statements)
        except psycopg.Error as error:
            if not self._careful:
                raise Doubtful from error
            self._undo()
            raise
        except Exception:
            self._undo()
            raise
        self._driver.execute(b"release savepoint peek_action")
        return result

    def _undo(self) -> None:
        if not self._driver.closed:
            self._driver.execute(b"rollback to savepoint peek_action")
            self._driver.execute(b"release savepoint peek_action")
