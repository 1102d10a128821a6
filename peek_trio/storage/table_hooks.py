"""What a plugin adds to the saving and deleting of a table's rows: before and after, in the transaction and after its commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

import attrs
from sqlalchemy.orm import Session

__all__ = ["InTransaction", "OnceCommitted", "TableHooks"]

log = logging.getLogger(__name__)

T = TypeVar("T")

InTransaction = Callable[[T, Session], None]
"""Gets a row and the session of its transaction. It may change the row (before), write to other tables, or raise Rejected."""

OnceCommitted = Callable[[T], None]
"""Gets a row that is stored, or was. It runs on the Trio thread, must be quick, and cannot undo anything any more."""


@attrs.frozen
class TableHooks(Generic[T]):
    """The extension points of a table, each of them optional.

    `before_save` and `before_delete` come before anything is written, `after_save` and `after_delete` when it is written and not
    committed: a new row has its key then. All four are in the transaction, and what they raise undoes it. `on_saved` and `on_deleted`
    come when it is committed; what they raise goes to the log, since whoever saved must not be told that nothing was saved.
    """

    before_save: InTransaction[T] | None = None
    after_save: InTransaction[T] | None = None
    before_delete: InTransaction[T] | None = None
    after_delete: InTransaction[T] | None = None
    on_saved: OnceCommitted[T] | None = None
    on_deleted: OnceCommitted[T] | None = None

    def saved(self, row: T) -> None:
        """A save of `row` is committed."""
        _tell(self.on_saved, row)

    def deleted(self, row: T) -> None:
        """A deletion of `row` is committed."""
        _tell(self.on_deleted, row)


def _tell(hook: OnceCommitted[T] | None, row: T) -> None:
    if hook is None:
        return
    try:
        hook(row)
    except Exception:
        log.exception("%s failed for a row that is committed.", getattr(hook, "__qualname__", hook))
