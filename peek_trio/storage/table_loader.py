"""A table as admin pages edit it: read page by page, saved and deleted only by who has seen its latest state.

The version of a row is the digest of its encoding. A save or delete locks the row, encodes it again and compares: somebody else's change
in between is a Conflict that the user sees, never an overwrite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

import attrs
import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Mapper, Session

from peek_trio.errors import BadRequest, Conflict, Rejected
from peek_trio.storage.database import Database
from peek_trio.storage.table_query import TableQuery, key_of
from peek_trio.tuples import TupleRegistry, digest, tuple_name

__all__ = ["TableLoader", "TablePage"]

T = TypeVar("T")
R = TypeVar("R")

BeforeHook = Callable[[T, Session], None]
AfterHook = Callable[[T], None]


@attrs.frozen
class TablePage:
    """Some rows of a table. `total` is how many match the filter in all; `versions` has one for each of `rows`."""

    total: int
    rows: list[object]
    versions: list[str]


class TableLoader(Generic[T]):
    """Reads and edits the table of one mapped tuple class.

    `before_save(row, session)` and `before_delete(row, session)` run in the transaction: they may change the row, write to other
    tables, or raise Rejected. `after_commit(row)` runs on the Trio thread once a save or delete is committed.
    """

    def __init__(
        self,
        database: Database,
        cls: type[T],
        *,
        before_save: BeforeHook[T] | None = None,
        before_delete: BeforeHook[T] | None = None,
        after_commit: AfterHook[T] | None = None,
    ) -> None:
        self._database = database
        self._cls = cls
        self._name = tuple_name(cls)
        self._mapper: Mapper[T] = sa.inspect(cls)
        self._registry = TupleRegistry()  # of its own: it only needs to encode this one class
        self._registry.add(cls, owner=self._name)
        self._before_save = before_save
        self._before_delete = before_delete
        self._after_commit = after_commit

    async def list(self, offset: int, limit: int, sort: list[tuple[str, str]], filter: dict[str, Any]) -> TablePage:
        """`limit` rows from `offset` on (at most 1000), sorted by (column, "asc" or "desc") and filtered by column.

        A filter is a value to equal, or an object of "contains", "min" and "max". Raises BadRequest for what does not fit the table.
        """
        query = TableQuery(self._mapper, self._registry.codec, sort, filter)

        def read(session: Session) -> TablePage:
            total = session.scalar(query.count()) or 0
            rows: list[object] = [*session.scalars(query.page(offset, limit))]
            return TablePage(total, rows, [self._version(row) for row in rows])

        return await self._run(read, read_only=True)

    async def save(self, row: object, version: str | None) -> tuple[object, str]:
        """Inserts `row` when `version` is None, else updates the row of its key; returns the row as stored, and its new version.

        Raises Conflict when the stored row is gone or is no longer at `version`, Rejected when the database or a hook refuses it.
        """
        if not isinstance(row, self._cls):
            raise BadRequest(f"This loader saves {self._name}, not {type(row).__name__}.")

        def write(session: Session) -> T:
            if version is not None:
                self._lock(session, self._mapper.primary_key_from_instance(row), version)
                stored = session.merge(row)
            else:
                stored = row
                session.add(stored)
            if self._before_save is not None:
                self._before_save(stored, session)
            session.flush()
            session.refresh(stored)
            return stored

        stored = await self._run(write)
        self._tell(stored)
        return stored, self._version(stored)

    async def delete(self, key: Any, version: str) -> None:
        """Deletes the row with the primary key `key` (a list when it has several columns).

        Raises Conflict when the row is gone or is no longer at `version`, Rejected when the database or a hook refuses.
        """
        identity = key_of(self._mapper, self._registry.codec, key)

        def remove(session: Session) -> T:
            stored = self._lock(session, identity, version)
            if self._before_delete is not None:
                self._before_delete(stored, session)
            session.delete(stored)
            return stored

        self._tell(await self._run(remove))

    def _lock(self, session: Session, identity: Sequence[Any], version: str) -> T:
        stored = session.get(self._cls, tuple(identity), with_for_update=True)
        if stored is None:
            raise Conflict("Somebody has deleted this row since you read it.")
        if self._version(stored) != version:
            raise Conflict("Somebody has changed this row since you read it. Read it again and repeat your change.")
        return stored

    def _version(self, row: object) -> str:
        return digest(self._registry.codec.encode_one(row))

    def _tell(self, row: T) -> None:
        if self._after_commit is not None:
            self._after_commit(row)

    async def _run(self, fn: Callable[[Session], R], *, read_only: bool = False) -> R:
        try:
            return await self._database.run(fn, read_only=read_only)
        except IntegrityError as error:
            raise Rejected(f"{self._name} refuses this: {_detail(error)}") from error
        except DataError as error:
            raise BadRequest(f"A value does not fit its column of {self._name}: {_detail(error)}") from error


def _detail(error: IntegrityError | DataError) -> str:
    diagnosis = cast(psycopg.Error, error.orig).diag
    return diagnosis.message_detail or diagnosis.message_primary or str(error.orig)
