"""A table as admin pages edit it: read page by page, saved and deleted only by who has seen its latest state.

A save or delete locks the row, encodes it again and compares: somebody else's change in between is a Conflict that the user sees, never
an overwrite. Many rows at once are written in one transaction, all of them or none.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import attrs
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from peek_trio.errors import BadRequest, CallError, Conflict, Rejected
from peek_trio.storage.database import Database
from peek_trio.storage.row_writer import RowError, RowWriter, plainly
from peek_trio.storage.table_csv import Layout
from peek_trio.storage.table_hooks import TableHooks
from peek_trio.storage.table_import import Import, ImportReport
from peek_trio.storage.table_query import MOST_ROWS, TableQuery, key_of

__all__ = ["LARGEST_EXPORT", "BulkOutcome", "TableLoader", "TablePage"]

LARGEST_EXPORT = 64 * 2**20
"""Bytes, compressed, of an export; they are kept until it has been taken."""

LARGEST_PIECE = 128 * 1024
"""Characters of a piece of it."""

T = TypeVar("T")
R = TypeVar("R")

Sort = list[tuple[str, str]]
Filter = dict[str, Any]
Pieces = list[bytes]


@attrs.frozen
class TablePage:
    """Some rows of a table. `total` is how many match the filter in all; `versions` has one for each of `rows`."""

    total: int
    rows: list[object]
    versions: list[str]


@attrs.frozen
class BulkOutcome:
    """What came of many rows in one transaction: all of them as stored with their new versions, or else nothing and the `errors`."""

    rows: list[object] = attrs.field(factory=list)
    versions: list[str] = attrs.field(factory=list)
    errors: list[RowError] = attrs.field(factory=list)


class _Undone(Exception):
    """Rolls a transaction back that has answered its question."""


class TableLoader(Generic[T]):
    """Reads and edits the table of one mapped tuple class. `hooks` are its owner's part in that."""

    def __init__(self, database: Database, cls: type[T], *, hooks: TableHooks[T] | None = None) -> None:
        self._database = database
        self._writer = RowWriter(cls, hooks or TableHooks())
        self._hooks = self._writer.hooks

    async def list(self, offset: int, limit: int, sort: Sort, filter: Filter) -> TablePage:
        """`limit` rows from `offset` on (at most 1000), sorted by (column, "asc" or "desc") and filtered by column.

        A filter is a value to equal, or an object of "contains", "min" and "max". Raises BadRequest for what does not fit the table.
        """
        query = self._query(sort, filter)

        def read(session: Session) -> TablePage:
            rows: list[object] = [*session.scalars(query.page(offset, limit))]
            # The last page that is not full knows how many there are; only else is it worth a question.
            known = len(rows) < limit and (rows or offset == 0)
            total = offset + len(rows) if known else session.scalar(query.count()) or 0
            return TablePage(total, rows, [self._writer.version(row) for row in rows])

        with self._plainly():
            page, _ = await self._database.read(read, name=f"list {self._writer.name}")
        return page

    async def save(self, row: object, version: str | None) -> tuple[object, str]:
        """Inserts `row` when `version` is None, else updates the row of its key; returns the row as stored, and its new version.

        Raises Conflict, which has the row as it is now, when the stored row is gone or is no longer at `version`; Rejected when the
        database or a hook refuses it.
        """
        given = self._writer.check(row)
        stored = await self._run(lambda session: self._writer.save(session, given, version), "save")
        self._hooks.saved(stored)
        return stored, self._writer.version(stored)

    async def delete(self, key: Any, version: str) -> None:
        """Deletes the row with the primary key `key` (a list when it has several columns).

        Raises Conflict when the row is gone or is no longer at `version`, Rejected when the database or a hook refuses.
        """
        identity = key_of(self._writer.mapper, self._writer.codec, key)
        self._hooks.deleted(await self._run(lambda session: self._writer.delete(session, identity, version), "delete"))

    async def save_all(self, rows: Sequence[object], versions: Sequence[str | None]) -> BulkOutcome:
        """Saves up to 1000 rows like `save`, in one transaction. When some cannot be saved, none is, and the outcome says why for each."""
        given = [self._writer.check(row) for row in rows]
        self._check_number(given, versions)
        outcome = await self._all(
            lambda session, place: self._writer.save(session, given[place], versions[place]), len(given), "save"
        )
        for row in outcome.rows:
            self._hooks.saved(row)  # type: ignore[arg-type]  # they are what `save` returned
        return attrs.evolve(outcome, versions=[self._writer.version(row) for row in outcome.rows])

    async def delete_all(self, keys: Sequence[Any], versions: Sequence[str]) -> BulkOutcome:
        """Deletes up to 1000 rows like `delete`, in one transaction, all or none. The outcome has errors only."""
        self._check_number(keys, versions)
        identities = [key_of(self._writer.mapper, self._writer.codec, key) for key in keys]
        outcome = await self._all(
            lambda session, place: self._writer.delete(session, identities[place], versions[place]), len(keys), "delete"
        )
        for row in outcome.rows:
            self._hooks.deleted(row)  # type: ignore[arg-type]  # they are what `delete` returned
        return BulkOutcome(errors=outcome.errors)

    async def export(self, sort: Sort, filter: Filter, *, guarded: bool = True) -> AsyncIterator[str]:
        """The rows that match as CSV, piece by piece, all of them as they were at one moment.

        They are read at once, so that no connection waits for whoever takes them slowly. The first line names the columns. With
        `guarded`, texts that a spreadsheet would run as formulas are marked as texts. Raises BadRequest for what does not fit the
        table, and when there is too much of it.
        """
        query, layout = self._query(sort, filter), Layout.of(self._writer.cls, guarded=guarded)

        def read(session: Session) -> Pieces:
            kept: Pieces = []
            with session.scalars(query.every().execution_options(yield_per=MOST_ROWS)) as rows:
                for page in rows.partitions():
                    kept.append(zlib.compress(layout.lines(map(self._writer.plain, page)).encode(), 1))
                    if sum(map(len, kept)) > LARGEST_EXPORT:
                        raise BadRequest("These are too many rows for one file. Filter them.")
            return kept

        with self._plainly():
            pieces, _ = await self._database.read(read, name=f"export {self._writer.name}")
        yield layout.heading()
        for piece in pieces:
            text = zlib.decompress(piece).decode()
            for start in range(0, len(text), LARGEST_PIECE):
                yield text[start : start + LARGEST_PIECE]

    async def import_csv(self, data: bytes, *, token: str | None = None) -> ImportReport:
        """Says of every line of a CSV file what it would do; with the `token` of such a report, does it, all in one transaction.

        A line without a key, or with one that is not there, is a new row; a line with a known key changes the columns that the file
        has. Nothing is stored while a line is refused. Raises BadRequest for what is no such file, and Conflict when the table has changed
        since the report, so that something else would happen than what it said.
        """
        plan = Import(self._writer, data)
        report: list[ImportReport] = []

        def work(session: Session) -> None:
            report.append(plan.carry_out(session))
            if token is not None and report[-1].token != token:
                raise Conflict("The table or the file has changed since this import was checked. Check it again.")
            if token is None or report[-1].refused:
                raise _Undone

        try:
            await self._run(work, "import")
        except _Undone:
            return report[-1]
        for row in plan.stored:
            self._hooks.saved(row)
        return attrs.evolve(report[-1], applied=True)

    def _query(self, sort: Sequence[tuple[str, str]], filter: dict[str, Any]) -> TableQuery:
        return TableQuery(self._writer.mapper, self._writer.codec, sort, filter)

    def _check_number(self, rows: Sequence[object], versions: Sequence[str | None]) -> None:
        if len(rows) != len(versions) or not 1 <= len(rows) <= MOST_ROWS:
            raise BadRequest(
                f"Give 1 to {MOST_ROWS} rows and a version for each; there are {len(rows)} and {len(versions)}."
            )

    async def _all(self, write: Callable[[Session, int], T], count: int, doing: str) -> BulkOutcome:
        """Does `count` writes in one transaction. One that fails keeps no other from being tried, so that all errors are told at once."""
        errors: list[RowError] = []

        def work(session: Session) -> list[object]:
            errors.clear()
            done: list[object] = []
            for place in range(count):
                try:
                    with session.begin_nested(), self._plainly():
                        done.append(write(session, place))
                except (Conflict, Rejected, BadRequest) as error:
                    errors.append(RowError(place, type(error).__name__, str(error)))
            if errors:
                raise _Undone
            return done

        try:
            return BulkOutcome(await self._run(work, doing))
        except _Undone:
            return BulkOutcome(errors=errors)

    async def _run(self, fn: Callable[[Session], R], doing: str) -> R:
        with self._plainly():
            return await self._database.run(fn, name=f"{doing} {self._writer.name}")

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, DataError) as error:
            told: CallError = plainly(self._writer.name, error)
            raise told from error
