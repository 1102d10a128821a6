"""A plugin's view of the database: the platform's units of work, the name of its own schema, and what is quicker than the ORM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.selectable import TableValuedAlias

from peek_trio.storage.bulk_insert import bulk_insert
from peek_trio.storage.database import Database
from peek_trio.storage.id_chunks import IdChunks
from peek_trio.storage.unit_of_work import touch
from peek_trio.storage.values_table import ColumnType, among, values_table

__all__ = ["PluginStorage"]

T = TypeVar("T")


class PluginStorage:
    """What `ctx.storage` is. `schema` is the schema that the plugin's metadata must name; there is no search path to rely on.

    `run` is awaited; all else belongs inside of what it runs, with its session.
    """

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._ids: dict[type | sa.Table, IdChunks] = {}
        self.schema = schema

    async def run(self, fn: Callable[[Session], T], *, read_only: bool = False, name: str = "") -> T:
        """Runs `fn` as one unit of work, in a thread; see `Database.run`."""
        return await self._database.run(fn, read_only=read_only, name=name)

    def ids(self, session: Session, table: type | sa.Table, count: int = 1) -> list[int]:
        """`count` ids for rows to come of a table or mapped class, fetched a thousand at a time; see `IdChunks`."""
        return self._ids.setdefault(table, IdChunks(table)).take(session, count)

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

    def touch(self, session: Session, *tables: type | sa.Table) -> None:
        """Says that textual SQL of this unit of work writes to `tables`, for whoever follows them."""
        touch(session, *tables)
