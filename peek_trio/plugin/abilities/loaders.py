"""`ctx.loaders`: a table's rows for administrators' pages, listed, saved and deleted without overwriting anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from peek_trio.plugin.abilities.tables import qualified_names
from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy
from peek_trio.tuples import tuple_name

__all__ = ["Loaders"]

InTransaction = Callable[[Any, Any], None]
"""Gets a row and the session of its transaction."""

OnceCommitted = Callable[[Any], None]
"""Gets a row that was saved, or deleted."""


class Loaders:
    """Editable tables."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._board = registrations.parts.board

    def table(
        self,
        cls: type,
        *,
        allow: Policy,
        follows: Sequence[type] | None = None,
        before_save: InTransaction | None = None,
        after_save: InTransaction | None = None,
        before_delete: InTransaction | None = None,
        after_delete: InTransaction | None = None,
        on_saved: OnceCommitted | None = None,
        on_deleted: OnceCommitted | None = None,
    ) -> None:
        """Let those whom `allow` lets list, save, delete, export and import the rows of the mapped tuple class `cls`.

        A save or delete carries the version that was read; when the row has changed since, it is a Conflict that the person sees.
        `before_save`, `after_save`, `before_delete` and `after_delete` are called with the row and the session, in the transaction:
        they may change the row (before), write to other tables, or raise Rejected, which undoes it. `on_saved` and `on_deleted` are
        called with the row on the event loop once it is committed. Rows of a bulk save or an import go through them one by one.
        The providers that follow the table are notified by the commit itself; a commit to one of `follows` notifies
        the selectors of `cls` too. Raises PluginError when `cls` has no table or the service no database.
        """
        from peek_trio.storage import TableHooks, TableLoader  # a service without a database need not load its library

        database = self._registrations.database(f"The loader of {tuple_name(cls)}")
        qualified_names([cls], self._registrations.error)
        self._registrations.tuples(cls)
        hooks: TableHooks[Any] = TableHooks(
            before_save=before_save,
            after_save=after_save,
            before_delete=before_delete,
            after_delete=after_delete,
            on_saved=on_saved,
            on_deleted=on_deleted,
        )
        loader: TableLoader[Any] = TableLoader(database, cls, hooks=hooks)
        self._registrations.scope.load(cls, loader, allow=allow)
        if follows:
            name = tuple_name(cls)
            tables = qualified_names(follows, self._registrations.error)
            self._registrations.on_close(database.changes.on_change(tables, lambda changed: self._board.notify(name)))
