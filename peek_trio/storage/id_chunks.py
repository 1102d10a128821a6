"""Ids fetched in chunks, before the rows exist.

Rows that refer to each other are built in memory and stored in bulk only when their ids are known first. Ids come from the table's own
sequence, so that they are unique in every process, and are never given twice: what is fetched and not used is a gap, as after a rollback.
"""

from __future__ import annotations

import threading
from collections import deque

import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.errors import StorageError

__all__ = ["IdChunks"]

_SERIAL = sa.text("select pg_get_serial_sequence(:table, :column)")
_DRAW = sa.text("select nextval(cast(cast(:sequence as text) as regclass)) from generate_series(1, :count)")


class IdChunks:
    """The ids of one table, `size` fetched at a time. One object serves any number of units of work and threads.

    `table` is a mapped class or a table with one primary key column of whole numbers, filled by a sequence (the usual autoincrement).
    Raises StorageError when it is something else.
    """

    def __init__(self, table: type | sa.Table, *, size: int = 1000) -> None:
        found = sa.inspect(table).local_table if isinstance(table, type) else table
        columns = list(found.primary_key.columns)
        if len(columns) != 1 or not isinstance(columns[0].type, sa.Integer):
            raise StorageError(
                f"{found.fullname} has no single primary key of whole numbers, so there are no ids to fetch for it."
            )
        if size < 1:
            raise StorageError(f"A chunk of ids has at least one, not {size}.")
        self._column: sa.Column[int] = columns[0]
        self._table: sa.Table = found
        self._size = size
        self._sequence = ""
        self._left: deque[int] = deque()
        self._lock = threading.Lock()

    def take(self, session: Session, count: int = 1) -> list[int]:
        """`count` ids that nobody else has. Asks the database only when too few are left, and then once."""
        with self._lock:
            if (missing := count - len(self._left)) > 0:
                drawn = {"sequence": self._named(session), "count": max(missing, self._size)}
                self._left.extend(session.scalars(_DRAW, drawn))
            return [self._left.popleft() for _ in range(count)]

    def _named(self, session: Session) -> str:
        if not self._sequence:
            if isinstance(self._column.default, sa.Sequence):
                self._sequence = _quoted(self._column.default.schema, self._column.default.name)
            else:
                owner = {"table": _quoted(self._table.schema, self._table.name), "column": self._column.name}
                self._sequence = session.scalar(_SERIAL, owner) or ""
        if not self._sequence:
            raise StorageError(
                f"The primary key of {self._table.fullname} is not filled by a sequence, so no ids can be fetched."
            )
        return self._sequence


def _quoted(schema: str | None, name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name) if part)
