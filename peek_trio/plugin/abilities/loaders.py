"""`ctx.loaders`: a table's rows for administrators' pages, listed, saved and deleted without overwriting anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from peek_trio.plugin.abilities.tables import qualified_names
from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy
from peek_trio.tuples import tuple_name

__all__ = ["Loaders"]


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
        before_save: Callable[[Any, Any], None] | None = None,
        after_commit: Callable[[Any], None] | None = None,
    ) -> None:
        """Let those whom `allow` lets list, save and delete the rows of the mapped tuple class `cls`.

        A save or delete carries the version that was read; when the row has changed since, it is a Conflict that the person sees.
        `before_save(row, session)` runs in the transaction and may raise Rejected; `after_commit(row)` runs on the event loop once
        it is committed. The providers that follow the table are notified by the commit itself; a commit to one of `follows` notifies
        the selectors of `cls` too. Raises PluginError when `cls` has no table or the service no database.
        """
        from peek_trio.storage import TableLoader  # a service without a database need not load its library

        database = self._registrations.database(f"The loader of {tuple_name(cls)}")
        qualified_names([cls], self._registrations.error)
        self._registrations.tuples(cls)
        loader = TableLoader(database, cls, before_save=before_save, after_commit=after_commit)
        self._registrations.scope.load(cls, loader, allow=allow)
        if follows:
            name = tuple_name(cls)
            tables = qualified_names(follows, self._registrations.error)
            self._registrations.on_close(database.changes.on_change(tables, lambda changed: self._board.notify(name)))
