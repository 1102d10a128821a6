"""A plugin's view of the database: the platform's units of work, the name of its own schema, and what is quicker than the ORM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.selectable import TableValuedAlias

from peek_trio.storage.bulk_insert import bulk_insert
from peek_trio.storage.database import Database
from peek_trio.storage.id_chunks import IdChunks
from peek_trio.storage.large_binary import BinaryPieces, binary_size, read_binary, read_piece, write_binary
from peek_trio.storage.unit_of_work import touch
from peek_trio.storage.values_table import ColumnType, among, values_table

__all__ = ["PluginStorage", "WithSession"]

T = TypeVar("T")


class WithSession:
    """What there is to do with a session besides what SQLAlchemy offers: for whatever `ctx.storage.run` runs, and for tasks."""

    def __init__(self) -> None:
        self._ids: dict[type | sa.Table, IdChunks] = {}

    def ids(self, session: Session, table: type | sa.Table, count: int = 1) -> list[int]:
        """`count` ids for rows to come of a table or mapped class, fetched a thousand at a time; see `IdChunks`."""
        if (chunks := self._ids.get(table)) is None:
            chunks = self._ids.setdefault(table, IdChunks(table))  # one for all threads, whichever came first
        return chunks.take(session, count)

    def bulk_insert(
        self, session: Session, table: type | sa.Table, rows: Iterable[Any], *, columns: Sequence[str] | None = None
    ) -> int:
        """Inserts many rows (tuples, dicts or objects of the class) by binary COPY; see `bulk_insert`."""
        return bulk_insert(session, table, rows, columns=columns)

    def values_table(
        self, name: str, columns: Mapping[str, ColumnType], rows: Iterable[Sequence[Any]]
    ) -> TableValuedAlias:
        """Values as a table to join with; see `values_table`."""
        return values_table(name, columns, rows)

    def among(
        self, column: sa.ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any]
    ) -> sa.ColumnElement[bool]:
        """The condition that a column is one of `values`, however many."""
        return among(column, values)

    def write_binary(
        self, session: Session, pieces: type[BinaryPieces], owner: int, source: BinaryIO | Iterable[bytes]
    ) -> int:
        """Stores a large value piece by piece and returns its bytes; see `write_binary`."""
        return write_binary(session, pieces, owner, source)

    def read_binary(self, session: Session, pieces: type[BinaryPieces], owner: int) -> Iterator[bytes]:
        """A large value, piece by piece; nothing when there is none."""
        return read_binary(session, pieces, owner)

    def read_piece(self, session: Session, pieces: type[BinaryPieces], owner: int, number: int) -> bytes | None:
        """One piece of a large value, counted from 0; None behind the last one."""
        return read_piece(session, pieces, owner, number)

    def binary_size(self, session: Session, pieces: type[BinaryPieces], owner: int) -> int:
        """How many bytes a large value has; 0 when there is none."""
        return binary_size(session, pieces, owner)

    def touch(self, session: Session, *tables: type | sa.Table) -> None:
        """Says that textual SQL of this unit of work writes to `tables`, for whoever follows them."""
        touch(session, *tables)


class PluginStorage(WithSession):
    """What `ctx.storage` is. `schema` is the schema that the plugin's metadata must name; there is no search path to rely on.

    `run` is awaited; all else belongs inside of what it runs, with its session.
    """

    def __init__(self, database: Database, schema: str) -> None:
        super().__init__()
        self._database = database
        self.schema = schema

    async def run(self, fn: Callable[[Session], T], *, read_only: bool = False, name: str = "") -> T:
        """Runs `fn` as one unit of work, in a thread; see `Database.run`."""
        return await self._database.run(fn, read_only=read_only, name=name)
