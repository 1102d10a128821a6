"""Writing one row of a table that people edit: only over the state they have seen, with the hooks of whoever owns the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import attrs
import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Mapper, Session

from peek_trio.errors import BadRequest, CallError, Conflict, Rejected, TupleError
from peek_trio.storage.table_hooks import TableHooks
from peek_trio.tuples import Codec, TupleRegistry, digest, tuple_name
from peek_trio.tuples.plain import refuse_deep

__all__ = ["RowError", "RowWriter", "plainly"]

T = TypeVar("T")

_DEEPEST = 32


@attrs.frozen
class RowError:
    """Why one of many rows cannot be written: its place among them, the kind of error, a sentence, and the column if it is about one."""

    row: int
    kind: str
    message: str
    field: str = ""


class RowWriter(Generic[T]):
    """Writes rows of the mapped class `cls` within a session. The version of a row is the digest of its encoding."""

    def __init__(self, cls: type[T], hooks: TableHooks[T]) -> None:
        self.cls = cls
        self.name = tuple_name(cls)
        self.mapper: Mapper[T] = sa.inspect(cls)
        self.hooks = hooks
        self._registry = TupleRegistry()  # of its own: it only needs to encode this one class
        self._registry.add(cls, owner=self.name)

    @property
    def codec(self) -> Codec:
        """Encodes rows of the class."""
        return self._registry.codec

    def version(self, row: object) -> str:
        """What names the state that a row is in."""
        return digest(self.codec.encode_one(row))

    def plain(self, row: object) -> dict[str, Any]:
        """A row as a JSON object."""
        plain: dict[str, Any] = self.codec.to_builtins(row, self.cls)
        return plain

    def check(self, row: object) -> T:
        """`row` if it is of the class. Raises BadRequest."""
        if not isinstance(row, self.cls):
            raise BadRequest(f"This loader saves {self.name}, not {type(row).__name__}.")
        return row

    def save(self, session: Session, row: T, version: str | None) -> T:
        """Inserts `row` when `version` is None, else writes it over the one of its key; returns it as stored.

        Raises Conflict when the stored one is gone or no longer at `version`.
        """
        if version is None:
            stored = row
            session.add(stored)
        else:
            self.lock(session, self.mapper.primary_key_from_instance(row), version, wanted=row)
            stored = session.merge(row)
        self.store(session, stored)
        session.refresh(stored)
        return stored

    def store(self, session: Session, row: T) -> None:
        """Writes a row that the session knows, with the hooks around it."""
        if self.hooks.before_save is not None:
            self.hooks.before_save(row, session)
        session.flush()
        if self.hooks.after_save is not None:
            self.hooks.after_save(row, session)
            session.flush()

    def delete(self, session: Session, identity: Sequence[Any], version: str) -> T:
        """Deletes the row of a key; returns it as it was. Raises Conflict like `save`."""
        stored = self.lock(session, identity, version)
        if self.hooks.before_delete is not None:
            self.hooks.before_delete(stored, session)
        session.delete(stored)
        session.flush()
        if self.hooks.after_delete is not None:
            self.hooks.after_delete(stored, session)
            session.flush()
        return stored

    def lock(self, session: Session, identity: Sequence[Any], version: str, *, wanted: T | None = None) -> T:
        """The row of a key, for nobody else to change until the commit.

        Raises Conflict, with the row as it is now, when it is gone or no longer at `version`.
        """
        stored = session.get(self.cls, tuple(identity), with_for_update=True, populate_existing=True)
        if stored is None:
            raise Conflict("Somebody has deleted this row since you read it.", gone=True)
        if (now := self.version(stored)) != version:
            row, given = self._tellable(stored), self.plain(wanted) if wanted is not None else {}
            raise Conflict(
                "Somebody has changed this row since you read it. Read it again and repeat your change.",
                row=row,
                version=now,
                fields=tuple(name for name in row or () if name in given and row and row[name] != given[name]),
            )
        return stored

    def _tellable(self, row: T) -> dict[str, Any] | None:
        """A row as a JSON object, unless that is nested too deeply for the header of a frame."""
        try:
            refuse_deep(self.codec.encode_one(row), _DEEPEST)
        except TupleError:
            return None
        return self.plain(row)


def plainly(name: str, error: IntegrityError | DataError) -> CallError:
    """What people are told when the database refuses a row of the tuple class `name`."""
    diagnosis = cast(psycopg.Error, error.orig).diag
    detail = diagnosis.message_detail or diagnosis.message_primary or str(error.orig)
    if isinstance(error, IntegrityError):
        return Rejected(f"{name} refuses this: {detail}")
    return BadRequest(f"A value does not fit its column of {name}: {detail}")
